"""Audio in and out: WAV and raw PCM16 to float32 mono, float32 to PCM16 and WAV. What cannot be read is a Fault."""

from __future__ import annotations

import io
import struct
import wave
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .fault import Fault, invalid

Samples = npt.NDArray[np.float32]
RATES = (8_000, 192_000)
MAX_CHANNELS = 8


class Audio(NamedTuple):
    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def read_wav(data: bytes, param: str) -> Audio:
    if not data:
        raise invalid(param, "is empty", code="empty_audio")
    try:
        with wave.open(io.BytesIO(data)) as wav:
            rate, channels, width = wav.getframerate(), wav.getnchannels(), wav.getsampwidth()
            promised, pcm = wav.getnframes() * channels * width, wav.readframes(wav.getnframes())
    except (wave.Error, EOFError, struct.error, ZeroDivisionError):
        raise _unreadable(param) from None
    if width != 2:
        raise invalid(param, f"WAV must hold 16-bit PCM, not {8 * width}-bit", code="unsupported_audio")
    if len(pcm) < promised:
        raise invalid(param, "the WAV ends before the audio that its header promises", code="truncated_audio")
    return read_pcm16(pcm, rate, channels, param)


def read_pcm16(pcm: bytes, rate: int, channels: int, param: str) -> Audio:
    """Little-endian samples; several channels are mixed into one."""
    if not RATES[0] <= rate <= RATES[1]:
        raise invalid(param, f"the rate must be {RATES[0]} to {RATES[1]} Hz", code="unsupported_audio")
    if not 1 <= channels <= MAX_CHANNELS:
        raise invalid(param, f"must have 1 to {MAX_CHANNELS} channels", code="unsupported_audio")
    if not pcm:
        raise invalid(param, "is empty", code="empty_audio")
    if len(pcm) % (2 * channels) != 0:
        raise invalid(param, f"PCM16 must be a multiple of {2 * channels} bytes", code="truncated_audio")
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32_768
    return Audio(samples.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate)


def write_pcm16(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 32_767 / 32_768) * 32_768).astype("<i2").tobytes()


def write_wav(pcm: bytes, rate: int) -> bytes:
    head = struct.pack("<4sI8sIHHIIHH", b"RIFF", 36 + len(pcm), b"WAVEfmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return head + struct.pack("<4sI", b"data", len(pcm)) + pcm


def _unreadable(param: str) -> Fault:
    return invalid(param, "is no readable WAV with PCM; decode other formats before", code="unsupported_audio")
