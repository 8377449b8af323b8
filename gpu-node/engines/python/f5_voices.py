"""The prepared references of a node: `voices/<id>.wav` with what is said in it in `<id>.txt`. Knows no F5-TTS."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from harness.fault import Fault, invalid, too_large
from harness.pcm import Audio, read_wav

VOICE_ID = re.compile(r"[a-z0-9_-]{1,64}")
SECONDS = (1.0, 12.0)
"""F5 cuts longer references off, and learns nothing from shorter ones."""
MAX_WAV_BYTES = 4 * 1024 * 1024
MAX_TEXT_CHARS = 600
QUIET = 1e-4
"""An amplitude under which a whole reference is silence."""


@dataclass(frozen=True)
class Voice:
    """A reference as it was given; `key` changes with its content."""

    audio: Audio
    text: str
    key: str


class VoiceFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> list[str]:
        there = (path.stem for path in self._folder.glob("*.wav") if path.with_suffix(".txt").is_file())
        return sorted(one for one in there if VOICE_ID.fullmatch(one))

    def read(self, voice: str) -> Voice:
        # Nothing but these letters becomes part of a path.
        if not VOICE_ID.fullmatch(voice):
            raise invalid("voice", "must be 1 to 64 of a-z, 0-9, _ and -")
        try:
            with (self._folder / f"{voice}.wav").open("rb") as file:
                wav = file.read(MAX_WAV_BYTES + 1)
            with (self._folder / f"{voice}.txt").open(encoding="utf-8") as file:
                text = file.read(MAX_TEXT_CHARS + 1)
        except (OSError, UnicodeDecodeError):
            raise Fault(404, "voice: is not prepared on this node", param="voice", code="voice_not_found") from None
        return voice_of(wav, text, "voice", "voice")


def voice_of(wav: bytes, text: str, audio_param: str, text_param: str) -> Voice:
    """A voice from a recording and its words. F5 derives the tempo from both, so both must be whole."""
    if len(wav) > MAX_WAV_BYTES:
        raise too_large(audio_param, f"{MAX_WAV_BYTES} bytes of reference audio")
    if not text.strip():
        raise invalid(text_param, "the words of the reference audio are missing", code="missing")
    if len(text) > MAX_TEXT_CHARS:
        raise too_large(text_param, f"{MAX_TEXT_CHARS} characters of reference text")
    audio = read_wav(wav, audio_param)
    if not SECONDS[0] <= audio.seconds <= SECONDS[1]:
        raise invalid(audio_param, f"the reference must last {SECONDS[0]:g} to {SECONDS[1]:g} s", code="audio_length")
    if abs(audio.samples).max() < QUIET:
        raise invalid(audio_param, "the reference is silent", code="silent_audio")
    try:
        words = text.encode()
    except UnicodeEncodeError:
        raise invalid(text_param, "must be whole Unicode", code="invalid_text") from None
    key = hashlib.sha256(wav + b"\0" + words).hexdigest()
    return Voice(audio, " ".join(text.split()), key)
