"""Speech synthesis by F5-TTS behind POST /v1/audio/speech, in a virtual environment of its own.

    python f5_tts_worker.py --model model_1250000.safetensors --vocoder vocos/ --voices voices/ --port 8102

LICENCE: the code of F5-TTS is MIT; its published weights (F5TTS_v1_Base and others) are CC-BY-NC 4.0, so
they must not be used commercially. Any compatible server may take this worker's place by its URL.
"""

from __future__ import annotations

import argparse
import sys

from starlette.applications import Starlette
from starlette.routing import Route

from harness import options as flag
from harness.app import Endpoint, Identity, Worker
from harness.serve import prepare, serve


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    flags = flag.parser(__doc__ or "")
    flags.add_argument("--model", type=flag.existing("file"), required=True, help="checkpoint, .safetensors")
    flags.add_argument(
        "--vocoder", type=flag.existing("folder"), required=True, help="Vocos: config.yaml, pytorch_model.bin"
    )
    flags.add_argument("--vocab", type=flag.existing("file"), help="vocab.txt (default: the one in the f5-tts package)")
    flags.add_argument(
        "--arch", type=flag.existing("file"), help="sizes of another DiT as JSON (default: F5TTS_v1_Base)"
    )
    flags.add_argument(
        "--voices",
        type=flag.existing("folder"),
        required=True,
        help="a voice is <id>.wav (PCM16, 1 to 12 s) and <id>.txt",
    )
    flags.add_argument("--cached-voices", type=flag.whole(1, 1_000), default=32, help="prepared ones kept (default 32)")
    flags.add_argument(
        "--compute-type", choices=["auto", "float16", "float32"], default="auto", help="auto: float16 on cuda"
    )
    flags.add_argument(
        "--mode", choices=["fast", "hq"], default="fast", help="where a request names none (default fast)"
    )
    flags.add_argument("--fast-steps", type=int, choices=[5, 6, 7, 10, 12], default=7, help="default 7")
    flags.add_argument("--hq-steps", type=int, choices=[16, 32], default=32, help="default 32")
    flags.add_argument("--compile", action="store_true", help="torch.compile; the first requests are slow")
    return flags.parse_args(arguments)


def load(options: argparse.Namespace) -> Starlette:
    from f5_engine import F5Engine
    from f5_voices import VoiceFolder
    from speech import Speaker

    engine = F5Engine(options)
    identity = Identity("f5-tts", engine.version, options.served_name or "f5-tts", engine.device)
    worker = Worker(identity, options.queue, options.max_wait_ms / 1000)
    speaker = Speaker(worker, engine, VoiceFolder(options.voices), options.mode)
    endpoint = Endpoint(worker, speaker.read, speaker.answer)
    return worker.app(
        Route("/v1/audio/speech", endpoint, methods=["POST"]),
        Route("/v1/audio/voices", speaker.list_voices),
    )


if __name__ == "__main__":
    chosen = parse()
    prepare()
    sys.exit(serve(chosen, load))
