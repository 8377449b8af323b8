"""One worker of each kind for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_worker import RunningWorker

SHORT_QUEUE = 2
"""So short that a test can fill it."""


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
