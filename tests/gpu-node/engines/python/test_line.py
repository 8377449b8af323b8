"""The line before an engine, alone: who comes in, who is sent away, and who is let go."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from harness.fault import Fault
from harness.line import Line, Stopped


class Gate:
    """A job that is at work until it is let through or stopped."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.opened = threading.Event()
        self.was_stopped = False

    def __call__(self, stop: threading.Event) -> Iterator[str]:
        yield "begun"
        self.started.set()
        while not self.opened.wait(0.005):
            if stop.is_set():
                self.was_stopped = True
                raise Stopped
        yield "done"


def new_line(max_waiting: int = 1, max_wait_s: float = 30) -> tuple[Line, list[float]]:
    waits: list[float] = []
    return Line(max_waiting, max_wait_s, waits.append), waits


async def run(line: Line, gate: Gate) -> list[str]:
    async with line.work(gate) as pieces:
        return [piece async for piece in pieces]


async def begun(gate: Gate) -> None:
    await asyncio.to_thread(gate.started.wait, 5)


def test_one_at_a_time() -> None:
    """[PYW1] jobs run one at a time, in the order they came, and give out their pieces in order"""

    async def scenario() -> None:
        line, waits = new_line(max_waiting=2)
        gates = [Gate(), Gate(), Gate()]
        tasks = [asyncio.create_task(run(line, gate)) for gate in gates]
        for at, gate in enumerate(gates):
            await begun(gate)
            assert [one.started.is_set() for one in gates] == [one <= at for one in range(3)]
            assert line.depth == 2 - at
            gate.opened.set()
            assert await tasks[at] == ["begun", "done"]
        assert len(waits) == 3
        assert not line.is_running

    asyncio.run(scenario())


def test_full() -> None:
    """[PYW2] whoever finds the queue full is sent away at once, and the others are served"""

    async def scenario() -> None:
        line, _ = new_line(max_waiting=1)
        first, second = Gate(), Gate()
        tasks = [asyncio.create_task(run(line, gate)) for gate in (first, second)]
        await begun(first)
        with pytest.raises(Fault, match="at most 1") as refused:
            await run(line, Gate())
        assert (refused.value.status, refused.value.code) == (503, "queue_full")
        first.opened.set()
        second.opened.set()
        assert await asyncio.gather(*tasks) == [["begun", "done"]] * 2

    asyncio.run(scenario())


def test_wait_is_bounded() -> None:
    """[PYW2] nobody waits longer than the limit"""

    async def scenario() -> None:
        line, _ = new_line(max_wait_s=0.02)
        gate = Gate()
        task = asyncio.create_task(run(line, gate))
        await begun(gate)
        with pytest.raises(Fault) as refused:
            await run(line, Gate())
        assert (refused.value.code, line.depth) == ("queue_timeout", 0)
        gate.opened.set()
        await task

    asyncio.run(scenario())


def test_leaving_stops() -> None:
    """[PYW3] whoever leaves the queue is forgotten, and whoever leaves his job stops it and frees the line"""

    async def scenario() -> None:
        line, _ = new_line(max_waiting=2)
        left, waiting, last = Gate(), Gate(), Gate()
        last.opened.set()
        tasks = [asyncio.create_task(run(line, gate)) for gate in (left, waiting, last)]
        await begun(left)
        tasks[1].cancel()
        tasks[0].cancel()
        assert await tasks[2] == ["begun", "done"]
        assert left.was_stopped
        assert not waiting.started.is_set()

    asyncio.run(scenario())


def test_failure() -> None:
    """[PYW4] a job that fails tells its caller and leaves the line to the next"""

    def broken(_stop: threading.Event) -> Iterator[str]:
        yield "begun"
        raise RuntimeError("lost")

    async def scenario() -> None:
        line, _ = new_line()
        heard = []
        with pytest.raises(RuntimeError, match="lost"):
            async with line.work(broken) as pieces:
                async for piece in pieces:
                    heard.append(piece)
        assert heard == ["begun"]
        gate = Gate()
        gate.opened.set()
        assert await run(line, gate) == ["begun", "done"]

    asyncio.run(scenario())
