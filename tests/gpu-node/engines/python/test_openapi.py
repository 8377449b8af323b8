"""A real edge on the Node host, asked by schemathesis (schemathesis.io), which reads /openapi.json in its own way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[4]
NODE = ROOT / "node_modules" / ".bin" / "node"
START_S = 60
READY = re.compile(r'"url":"(http://[^"]+)"')
SECONDS = int(os.environ.get("API_FUZZ_SECONDS", "30"))
"""It goes on asking for so long."""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance,unsupported_method"
)
SCOPES = ["talk", "history:read", "history:write", "voices", "admin"]
# What would end the run itself: its own user, its own key, every call.
LEFT_OUT = "^/api/me$|^/api/keys/|goaway"


class Edge:
    def __init__(self, folder: Path) -> None:
        env = {**os.environ, "DATA_DIR": str(folder), "PORT": "0", "ADDRESS_RATE": "0", "LOG_LEVEL": "info"}
        self.process = subprocess.Popen(
            [str(NODE), "edge/runtime/node/main.ts"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
        )
        self.url = ""
        self._told = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._told.wait(START_S):
            self.stop()
            raise AssertionError("the edge did not start")
        self.first_key = (folder / "first-key").read_text().strip()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := READY.search(line):
                self.url = found[1]
                self._told.set()

    def key(self) -> str:
        terms = {"name": "fuzzer", "scopes": SCOPES, "limits": {"rateFactor": 100_000}}
        headers = {"authorization": f"Bearer {self.first_key}"}
        made = httpx.post(f"{self.url}/api/keys", headers=headers, json=terms).raise_for_status()
        return str(made.json()["key"])

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path / "data")
    yield edge
    edge.stop()


def test_answers(edge: Edge, tmp_path: Path) -> None:
    """[FUZ21] schemathesis finds no answer of a bug and none that is not described"""
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "st"),
            "run",
            f"{edge.url}/openapi.json",
            f"--header=Authorization: Bearer {edge.key()}",
            f"--exclude-path-regex={LEFT_OUT}",
            f"--checks={CHECKS}",
            "--continue-on-failure",
            "--phases=coverage,fuzzing",
            f"--max-time={SECONDS}",
            "--report=json",
            f"--report-json-path={report}",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
        check=False,
    )
    print(done.stdout[-2_000:])
    assert done.returncode == 0, done.stdout[-20_000:]
    told = json.loads(report.read_text())
    assert told["operations"]["errored"] == 0
    assert told["operations"]["tested"] > 40
    # There are more test cases than operations. How many more depends on the machine's speed.
    assert told["test_cases"]["generated"] > told["operations"]["tested"]
