"""What both peers are given alike: the engines' words and delays, when a frame is loud, how a peer begins and ends.

It says the same as light-engines.ts, which is Parley's. It knows no framework.
"""

import asyncio
import json
import re
import sys
from dataclasses import dataclass

import numpy as np

INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
HOST = "127.0.0.1"

# What the caller is understood to have said, whatever it was.
HEARD = "how are you"
# Three sentences, streamed by the word.
REPLY = re.findall(r"\s*\S+", "I am fine, thank you. It was a long day. And how was yours?")
# Without spaces, which a framework may take away between two sentences.
REPLY_CHARS = len("".join(REPLY).replace(" ", ""))

# A tenth of a second of 16-bit samples: what a voice hands over at once.
CHUNK_BYTES = OUTPUT_RATE // 10 * 2
# A sample of each hundred tells whether a frame is speech: that of the bench is loud all through.
LOOK_EVERY = 100
LOUD = 0.05 * 32_768


@dataclass(frozen=True)
class Settings:
    """In seconds, as both frameworks count."""

    stt: float
    llm: float
    tts: float
    reply: float
    silence: float
    is_vad_real: bool

    def samples_of(self, text: str) -> int:
        """How many samples of sound this part of the reply has."""
        return round(len(text.replace(" ", "")) / REPLY_CHARS * self.reply * OUTPUT_RATE)


def read_settings() -> Settings:
    """The settings stand on the command line as JSON, in milliseconds."""
    given = json.loads(sys.argv[1])
    return Settings(
        stt=given["delays"]["sttMs"] / 1000,
        llm=given["delays"]["llmMs"] / 1000,
        tts=given["delays"]["ttsMs"] / 1000,
        reply=given["replyMs"] / 1000,
        silence=given["silenceMs"] / 1000,
        is_vad_real=given["vad"] == "real",
    )


def sound(samples: int) -> list[bytes]:
    """Sound that is not silence, in chunks."""
    whole = b"\xe8\x03" * samples
    return [whole[start : start + CHUNK_BYTES] for start in range(0, len(whole), CHUNK_BYTES)]


def is_loud(pcm: np.ndarray) -> bool:
    """A VAD that costs nothing."""
    return bool((np.abs(pcm[::LOOK_EVERY].astype(np.int32)) > LOUD).any())


def tell_ready(port: int) -> None:
    """The bench waits for this line."""
    print(json.dumps({"port": port}), flush=True)


async def wait_for_end() -> None:
    """Resolves when the bench lets go of this process, or is gone."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
