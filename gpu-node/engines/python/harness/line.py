"""The line before the engine: one job at a time, a bounded number waiting, first come first served.

A job is a generator that runs in one thread of its own, always the same (F5 keeps a cache per thread). It is pushed,
not pulled: a slow reader does not hold up the next caller. Whoever stops listening sets the job's `stop`; the line is
free again when the thread has noticed it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from .fault import Fault

Piece = TypeVar("Piece")
Work = Callable[[threading.Event], Iterator[Piece]]

STUCK_AFTER_S = 180.0
"""A job of a minute of audio takes seconds, on a CPU a minute or two: by then the device hangs."""

_END = object()


class Stopped(Exception):
    """Raised by a job that has noticed that nobody listens any more."""


class Line:
    def __init__(self, max_waiting: int, max_wait_s: float, on_wait: Callable[[float], None]) -> None:
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._on_wait = on_wait
        self._turn = asyncio.Lock()
        self._waiting: deque[float] = deque()
        self._started: float | None = None
        self._thread = ThreadPoolExecutor(1, "engine")

    @property
    def depth(self) -> int:
        return len(self._waiting)

    @property
    def is_running(self) -> bool:
        return self._started is not None

    @property
    def is_stuck(self) -> bool:
        return self._started is not None and time.monotonic() - self._started > STUCK_AFTER_S

    def oldest_wait_s(self) -> float:
        return time.monotonic() - self._waiting[0] if self._waiting else 0.0

    @asynccontextmanager
    async def work(self, job: Work[Piece]) -> AsyncIterator[AsyncGenerator[Piece, None]]:
        """Runs the job while the block is open; leaving the block stops it."""
        await self._enter()
        loop = asyncio.get_running_loop()
        stop = threading.Event()
        pieces: asyncio.Queue[object] = asyncio.Queue()

        def run() -> None:
            for piece in job(stop):
                if stop.is_set():
                    return
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def leave(done: asyncio.Future[None]) -> None:
            done.exception()
            self._started = None
            self._turn.release()
            pieces.put_nowait(_END)

        running = loop.run_in_executor(self._thread, run)
        running.add_done_callback(leave)
        try:
            yield _until_end(pieces, running)
        finally:
            stop.set()

    async def _enter(self) -> None:
        if self._turn.locked() and self.depth >= self._max_waiting:
            raise Fault(503, f"the queue is full: at most {self._max_waiting} may wait", code="queue_full")
        since = time.monotonic()
        self._waiting.append(since)
        try:
            async with asyncio.timeout(self._max_wait_s):
                await self._turn.acquire()
        except TimeoutError:
            raise Fault(503, f"waited {self._max_wait_s:g} s in the queue", code="queue_timeout") from None
        finally:
            self._waiting.remove(since)
        self._started = time.monotonic()
        self._on_wait(self._started - since)


async def _until_end(pieces: asyncio.Queue[object], running: asyncio.Future[None]) -> AsyncGenerator[Piece, None]:
    while (piece := await pieces.get()) is not _END:
        yield piece  # type: ignore[misc]  # the queue holds the job's pieces and the end only
    await running
