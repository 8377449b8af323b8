"""One worker of each kind for all tests, and the end of all of them when whoever runs the tests is gone."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_worker import RunningWorker

SHORT_QUEUE = 2
"""So short that a test can fill it."""


def _end_with_the_run(pipe: int) -> None:
    """The pipe ends with the process that started pytest as a group of its own (tests/tooling/held-program.ts)."""
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


if "PARLEY_TESTS_DEATH_PIPE" in os.environ:
    # Taken out, so that no program that a test starts looks for a pipe that it does not have.
    _pipe = int(os.environ.pop("PARLEY_TESTS_DEATH_PIPE"))
    threading.Thread(target=_end_with_the_run, args=(_pipe,), daemon=True).start()


@pytest.fixture(scope="session")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_whisper import make_tiny_whisper

    return make_tiny_whisper(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.fixture(scope="session")
def whisper(whisper_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    out = tmp_path_factory.mktemp("out") / "whisper"
    flags = ["--model", str(whisper_folder), "--queue", str(SHORT_QUEUE), "--served-name", "tiny"]
    worker = RunningWorker("faster_whisper_worker.py", *flags, out=out)
    yield worker
    worker.stop()


@pytest.fixture(scope="session")
def f5_flags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    from tiny_f5 import make_tiny_f5

    return make_tiny_f5(tmp_path_factory.mktemp("f5") / "tiny")


@pytest.fixture(scope="session")
def f5(f5_flags: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    out = tmp_path_factory.mktemp("out") / "f5"
    worker = RunningWorker("f5_tts_worker.py", *f5_flags, "--queue", str(SHORT_QUEUE), out=out)
    yield worker
    worker.stop()
