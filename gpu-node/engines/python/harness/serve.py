"""Runs a worker's app: prepares the process before any library is loaded, listens, and stops on SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

log = logging.getLogger("worker")
GRACE_S = 5
"""Streams that are on their way when the worker is told to stop."""


class _Discreet(logging.Formatter):
    """What libraries log may quote a caller: only who logged it is told. The worker's own lines never do."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name == log.name:
            return f"{record.levelname} {record.getMessage()}"
        return f"{record.levelname} {record.name} (withheld)"


def prepare() -> None:
    """Call it before the engine's libraries are imported: they read these when loaded."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ.setdefault(name, "1")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(True)
    log.setLevel(logging.INFO)
    # Libraries print what they are given, F5-TTS the very texts. Nothing of this worker is said on stdout.
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # as long as the process


def serve(options: argparse.Namespace, load: Callable[[argparse.Namespace], Starlette]) -> int:
    """Takes the port first and listens once the model is loaded, so that an open port means a loaded model."""
    listener = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as thrown:
        log.error("--host %s --port %d: cannot listen: %s", options.host, options.port, thrown.strerror)
        return 1
    try:
        app = load(options)
    except Exception as thrown:  # whatever the library throws: the operator's model or device is wrong
        log.error("the model cannot be loaded: %s: %s", type(thrown).__name__, thrown)
        return 1
    config = uvicorn.Config(app, access_log=False, log_config=None, timeout_graceful_shutdown=GRACE_S, lifespan="off")
    # Before it is told: whoever reads the line connects at once.
    listener.listen(config.backlog)
    host, port = listener.getsockname()[:2]
    log.info("listening on http://%s:%d", f"[{host}]" if ":" in host else host, port)
    uvicorn.Server(config).run(sockets=[listener])
    return 0
