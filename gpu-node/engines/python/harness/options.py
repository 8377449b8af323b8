"""Command-line flags, typed and bounded; argparse names the flag in each error. What every worker has is added here."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def existing(kind: str) -> Callable[[str], Path]:
    """A path that is there; `kind` is "file" or "folder"."""

    def parse(text: str) -> Path:
        path = Path(text)
        if not (path.is_dir() if kind == "folder" else path.is_file()):
            raise argparse.ArgumentTypeError(f"no such {kind}: {text!r}")
        return path

    return parse


def name(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= 256:
        raise argparse.ArgumentTypeError("must be 1 to 256 printable characters")
    return text


def parser(description: str) -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument(
        "--host", type=name, default="127.0.0.1", help="address to listen on; there is no key, so loopback"
    )
    flags.add_argument("--port", type=whole(0, 65_535), default=0, help="0 takes a free one and logs it (default)")
    flags.add_argument("--served-name", type=name, help="id in /v1/models (default: the engine's name)")
    flags.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    flags.add_argument("--device-index", type=whole(0, 63), default=0, help="which card (default 0)")
    flags.add_argument("--cpu-threads", type=whole(0, 256), default=0, help="0 leaves it to the library (default)")
    flags.add_argument(
        "--queue", type=whole(0, 1_000), default=8, help="requests that may wait; more get 503 (default 8)"
    )
    flags.add_argument(
        "--max-wait-ms", type=whole(1, 600_000), default=30_000, help="longest wait, then 503 (default 30000)"
    )
    return flags
