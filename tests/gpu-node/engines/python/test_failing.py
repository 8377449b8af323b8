"""Engines that fail, in a real app over real HTTP: what callers are told, and what the supervisor sees."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness import line
from harness.app import FAILURES_UNTIL_ILL, Endpoint, Identity, Worker
from harness.streamed import streamed


class Engine:
    """Fails as the request says: /job?because=…"""

    def __init__(self) -> None:
        self.worker = Worker(Identity("scripted", "1", "m", "cpu"), 2, 1)
        self.app = self.worker.app(Route("/job", Endpoint(self.worker, self.read, self.answer), methods=["POST"]))

    async def read(self, request: Request) -> str:
        return request.query_params.get("because", "")

    async def answer(self, because: str) -> Response:
        return await streamed(self.pieces(because), "text/plain")

    async def pieces(self, because: str):  # type: ignore[no-untyped-def]
        def job(_stop: threading.Event) -> Iterator[bytes]:
            if because:
                raise RuntimeError(because)
            yield b"fine"

        async with self.worker.line.work(job) as made:
            async for piece in made:
                yield piece

    async def ask(self, *because: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://worker") as client:
            answers = [await client.post("/job", params={"because": one}) for one in because]
            return [*answers, await client.get("/health")]


def test_failure(caplog: pytest.LogCaptureFixture) -> None:
    """[PYW14] a failure is a 500 without its message, which is in no log either"""
    with caplog.at_level(logging.INFO):
        answer, health = asyncio.run(Engine().ask("unmistakable"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "engine_failed")
    assert health.status_code == 200
    said = "".join(record.getMessage() for record in caplog.records if record.name == "worker")
    assert "the engine failed: RuntimeError at " in said
    assert "unmistakable" not in answer.text + said


def test_unreadable() -> None:
    """[PYW15] a request that cannot be read is the caller's, however often, and no sign of ill health"""

    class Unreadable(Engine):
        async def read(self, request: Request) -> str:
            return "\ud800".encode().decode()

    *answers, health = asyncio.run(Unreadable().ask(*["x"] * (FAILURES_UNTIL_ILL + 1)))
    assert {answer.status_code for answer in answers} == {400}
    assert health.status_code == 200


def test_out_of_memory() -> None:
    """[PYW14] a card without memory is a 503, for it may pass"""
    answer, _ = asyncio.run(Engine().ask("CUDA out of memory. Tried to allocate 2 GiB"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "out_of_memory")


def test_ill() -> None:
    """[PYW14] so many failures in a row are ill health, and one success is good health again"""
    engine = Engine()
    *_, health = asyncio.run(engine.ask(*["lost"] * FAILURES_UNTIL_ILL))
    assert (health.status_code, health.json()["status"]) == (503, "failing")
    answer, health = asyncio.run(engine.ask(""))
    assert (answer.text, health.status_code) == ("fine", 200)


def test_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """[PYW14] an engine that is at one job for too long is ill"""

    async def scenario() -> httpx.Response:
        engine, gate = Engine(), threading.Event()

        def hanging(_stop: threading.Event) -> Iterator[bytes]:
            gate.wait(5)
            yield b""

        monkeypatch.setattr(line, "STUCK_AFTER_S", -1.0)
        async with engine.worker.line.work(hanging):
            (health,) = await engine.ask()
            gate.set()
        return health

    health = asyncio.run(scenario())
    assert (health.status_code, health.json()["status"]) == (503, "stuck")
