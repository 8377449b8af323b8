"""Starts a real worker as a process of its own on a free port, keeps what it logs, and ends it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

ENGINES = Path(__file__).parents[4] / "gpu-node" / "engines" / "python"
START_S = 90
"""Importing torch takes a busy machine half a minute."""
LISTENING = re.compile(r"listening on (http://\S+)")


class RunningWorker:
    def __init__(self, script: str, *flags: str, out: Path) -> None:
        command = [sys.executable, str(ENGINES / script), "--device", "cpu", "--cpu-threads", "1", *flags]
        self._out = out.open("wb")
        self.out = out
        self.process = subprocess.Popen(
            command, stdout=self._out, stderr=subprocess.PIPE, env={**os.environ}, text=True
        )
        self.log: list[str] = []
        self._url: str | None = None
        self._told = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._told.wait(START_S) or self._url is None:
            self.stop()
            raise AssertionError("the worker did not start:\n" + "".join(self.log))
        self.client: httpx.Client = httpx.Client(base_url=self._url, timeout=60)

    @property
    def url(self) -> str:
        return str(self._url)

    def metric(self, name: str) -> float:
        line = re.search(rf"^{re.escape(name)} (\S+)$", self.client.get("/metrics").text, re.MULTILINE)
        return float(line[1]) if line else 0.0

    def wait_until(self, name: str, value: float, within_s: float) -> float:
        """The seconds until the metric had the value; asked for, as no worker can call back."""
        started = time.monotonic()
        while self.metric(name) != value:
            assert time.monotonic() - started < within_s, f"{name} was not {value} within {within_s} s"
            time.sleep(0.01)
        return time.monotonic() - started

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._out.close()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.log.append(line)
            if found := LISTENING.search(line):
                self._url = found[1]
                self._told.set()
        self._told.set()
