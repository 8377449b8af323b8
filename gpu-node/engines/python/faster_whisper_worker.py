"""Speech recognition by faster-whisper behind POST /v1/audio/transcriptions, in a virtual environment of its own.

    python faster_whisper_worker.py --model large-v3-turbo --port 8101

Takes WAV or raw PCM, streams in OpenAI's events. For live turns: beam 1, temperature 0, one decode, no second try.
"""

from __future__ import annotations

import argparse
import sys

from starlette.applications import Starlette
from starlette.routing import Route

from harness import options as flag
from harness.app import Endpoint, Identity, Worker
from harness.serve import prepare, serve

COMPUTE_TYPES = (
    "default",
    "auto",
    "int8",
    "int8_float16",
    "int8_float32",
    "int8_bfloat16",
    "float16",
    "bfloat16",
    "float32",
)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    flags = flag.parser(__doc__ or "")
    flags.add_argument(
        "--model", type=flag.name, default="large-v3-turbo", help="folder, or name in the local Hugging Face cache"
    )
    flags.add_argument(
        "--compute-type", choices=COMPUTE_TYPES, default="default", help="default: as the model is stored"
    )
    flags.add_argument(
        "--max-seconds", type=flag.whole(1, 3_600), default=120, help="longest audio of a request (default 120)"
    )
    flags.add_argument(
        "--max-new-tokens", type=flag.whole(1, 224), default=224, help="longest text of 30 s of audio (default 224)"
    )
    return flags.parse_args(arguments)


def load(options: argparse.Namespace) -> Starlette:
    from faster_whisper import __version__
    from transcription import Transcriber
    from whisper_engine import WhisperEngine

    engine = WhisperEngine(options)
    name = options.served_name or str(options.model).rstrip("/").rpartition("/")[2]
    worker = Worker(
        Identity("faster-whisper", __version__, name, engine.device), options.queue, options.max_wait_ms / 1000
    )
    transcriber = Transcriber(worker, engine, options.max_seconds)
    endpoint = Endpoint(worker, transcriber.read, transcriber.answer)
    return worker.app(Route("/v1/audio/transcriptions", endpoint, methods=["POST"]))


if __name__ == "__main__":
    chosen = parse()
    prepare()
    sys.exit(serve(chosen, load))
