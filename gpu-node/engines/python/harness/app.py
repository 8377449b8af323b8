"""The ASGI app of a worker: health, metrics, models and the engine's endpoints; failures, hang-ups and the access log.

Logs hold method, path, status and time, and of an unexpected failure its type and place: a message may quote a caller.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from .device_memory import device_memory
from .fault import Fault
from .line import Line
from .meters import Meters

log = logging.getLogger("worker")
Job = TypeVar("Job")
FAILURES_UNTIL_ILL = 3
"""An engine that fails so often in a row (a lost CUDA context fails for ever) is for the supervisor to restart."""
HUNG_UP = 499


class Identity(NamedTuple):
    """Who answers here."""

    engine: str
    version: str
    model: str
    device: str
    """`cpu` or `cuda:0`."""


class Worker:
    def __init__(self, identity: Identity, max_waiting: int, max_wait_s: float) -> None:
        self.identity = identity
        self.meters = Meters()
        self.line = Line(max_waiting, max_wait_s, self.meters.queue_wait.observe)
        self.failures = 0
        self.meters.watch("parley_queue_depth", "Jobs that wait for the engine", lambda: self.line.depth)
        self.meters.watch("parley_queue_oldest_wait_seconds", "How long the oldest waits", self.line.oldest_wait_s)
        self.meters.watch("parley_engine_busy", "1 while the engine is at a job", lambda: self.line.is_running)
        self.meters.tell("parley_engine_info", "The engine of this worker", identity._asdict())
        if identity.device.startswith("cuda"):
            index = int(identity.device.partition(":")[2])
            self.meters.watch_memory(lambda: device_memory(index))

    def app(self, *endpoints: Route) -> Starlette:
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/metrics", self._metrics),
                Route("/v1/models", self._models),
                *endpoints,
            ],
            exception_handlers={HTTPException: _http_fault},
        )

    async def _health(self, _request: Request) -> Response:
        is_well = self.failures < FAILURES_UNTIL_ILL and not self.line.is_stuck
        status = "ok" if is_well else "stuck" if self.line.is_stuck else "failing"
        state = {"status": status, **self.identity._asdict(), "busy": self.line.is_running, "queue": self.line.depth}
        return JSONResponse(state, 200 if is_well else 503)

    async def _metrics(self, _request: Request) -> Response:
        return Response(self.meters.text(), media_type=self.meters.content_type)

    async def _models(self, _request: Request) -> Response:
        model = {"id": self.identity.model, "object": "model", "created": 0, "owned_by": "parley"}
        return JSONResponse({"object": "list", "data": [model]})


class Endpoint(Generic[Job]):
    """One route to the engine: reads the request, then answers it for as long as the caller listens."""

    def __init__(
        self,
        worker: Worker,
        read: Callable[[Request], Awaitable[Job]],
        answer: Callable[[Job], Awaitable[Response]],
    ) -> None:
        self._worker = worker
        self._read = read
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        outcome = await self._outcome(scope, receive, sending)
        seconds = time.monotonic() - started
        self._worker.meters.requests.labels(outcome).observe(seconds)
        told = HUNG_UP if outcome == "hung_up" else status
        log.info("%s %s %d %s %.0f ms", scope["method"], scope["path"], told, outcome, seconds * 1000)

    async def _outcome(self, scope: Scope, receive: Receive, send: Send) -> str:
        try:
            job = await self._read(Request(scope, receive))
        except ClientDisconnect:
            return "hung_up"
        except Exception as thrown:
            # The engine has not been asked yet: whatever this is, it is the request's.
            await _misread(thrown).response()(scope, receive, send)
            return _outcome_of(thrown)
        answering = asyncio.ensure_future(self._respond(job, scope, send))
        hanging_up = asyncio.ensure_future(_hang_up(receive))
        try:
            await asyncio.wait({answering, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            return "hung_up"
        finally:
            answering.cancel()
            hanging_up.cancel()
            await asyncio.gather(answering, hanging_up, return_exceptions=True)

    async def _respond(self, job: Job, scope: Scope, send: Send) -> str:
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await (await self._answer(job))(scope, _nothing_more, sending)
        except Exception as thrown:
            fault = self._fault_of(thrown)
            # Begun answers are cut: a caller must not take a part for the whole.
            if not has_begun:
                await fault.response()(scope, _nothing_more, send)
            return _outcome_of(thrown)
        self._worker.failures = 0
        return "ok"

    def _fault_of(self, thrown: Exception) -> Fault:
        if isinstance(thrown, Fault):
            return thrown
        self._worker.failures += 1
        log.error("the engine failed: %s", _describe(thrown))
        if "out of memory" in str(thrown).lower():
            return Fault(503, "the device is out of memory", code="out_of_memory")
        return Fault(500, "the engine failed", code="engine_failed")


def _misread(thrown: Exception) -> Fault:
    if isinstance(thrown, Fault):
        return thrown
    log.warning("a request cannot be read: %s", _describe(thrown))
    return Fault(400, "the request cannot be read", code="invalid_request")


def _outcome_of(thrown: Exception) -> str:
    return "refused" if isinstance(thrown, Fault) else "failed"


def _describe(thrown: BaseException) -> str:
    """Type and place, without the message."""
    frames = traceback.extract_tb(thrown.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-3:]]
    return f"{type(thrown).__name__} at {' > '.join(places)}"


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nothing_more() -> Message:
    """The body is read; the endpoint itself listens for the hang-up."""
    return await asyncio.Future()


async def _http_fault(_request: Request, thrown: Exception) -> Response:
    status = thrown.status_code if isinstance(thrown, HTTPException) else 500
    return Fault(status, "no such route" if status == 404 else "refused", code=f"http_{status}").response()
