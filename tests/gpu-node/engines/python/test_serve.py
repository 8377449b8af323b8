"""How a worker begins to listen."""

from __future__ import annotations

import argparse
import logging
import socket
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette

from harness.serve import log, serve


class _Connected(Exception):
    """Ends `serve` where it would go on for ever."""


class _Caller(logging.Handler):
    """Connects as soon as it reads where the worker listens, as the supervisor does."""

    def emit(self, record: logging.LogRecord) -> None:
        url = urlsplit(record.getMessage().removeprefix("listening on "))
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=5):
            raise _Connected


def test_listening_is_true() -> None:
    """[PYW16] whoever reads that the worker listens can connect at once"""
    caller = _Caller()
    level = log.level
    log.addHandler(caller)
    log.setLevel(logging.INFO)
    try:
        with pytest.raises(_Connected):
            serve(argparse.Namespace(host="127.0.0.1", port=0), lambda _: Starlette())
    finally:
        log.removeHandler(caller)
        log.setLevel(level)
