"""What the harness reads, alone: audio, fields and flags; and what it says of what it cannot read."""

from __future__ import annotations

import io
import wave

import faster_whisper_worker
import numpy as np
import pytest

from harness.fault import Fault
from harness.fields import Fields
from harness.pcm import read_pcm16, read_wav, write_pcm16, write_wav


def wav(*, channels: int = 1, width: int = 2, rate: int = 16_000, frames: int = 1_600) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(frames * channels * width))
    return made.getvalue()


WHOLE = wav()
BAD_WAVS = {
    "empty": (b"", "empty_audio"),
    "text": (b"this is no audio at all, only words" * 9, "unsupported_audio"),
    "only a header": (WHOLE[:44], "truncated_audio"),
    "half a header": (WHOLE[:20], "unsupported_audio"),
    "cut": (WHOLE[:-100], "truncated_audio"),
    "no samples": (wav(frames=0), "empty_audio"),
    "24 bit": (wav(width=3), "unsupported_audio"),
    "no rate": (WHOLE[:24] + bytes(4) + WHOLE[28:], "unsupported_audio"),
    "no channels": (WHOLE[:22] + bytes(2) + WHOLE[24:], "unsupported_audio"),
    "mp3": (b"ID3\x04" + bytes(500), "unsupported_audio"),
}


@pytest.mark.parametrize("name", BAD_WAVS)
def test_bad_wav(name: str) -> None:
    """[PYW5] audio that cannot be read is a 400 that names its field and says why"""
    data, code = BAD_WAVS[name]
    with pytest.raises(Fault) as refused:
        read_wav(data, "file")
    assert (refused.value.status, refused.value.param, refused.value.code) == (400, "file", code)
    assert refused.value.message.startswith("file: ")


def test_any_cut_of_a_wav() -> None:
    """[PYW5] wherever a WAV is cut, it is a refusal and nothing else"""
    short = wav(frames=20)
    for end in range(len(short)):
        with pytest.raises(Fault):
            read_wav(short[:end], "file")
    assert len(read_wav(short, "file").samples) == 20


def test_odd_bytes() -> None:
    """[PYW5] PCM16 with half a sample is refused"""
    with pytest.raises(Fault, match="multiple of 4 bytes"):
        read_pcm16(bytes(6), 16_000, 2, "body")


def test_both_ways() -> None:
    """[PYW6] samples come back as they were written, channels are mixed, and too loud ones are cut off"""
    samples = np.array([0, 0.5, -0.5, -1, 2, -3], np.float32)
    back = read_wav(write_wav(write_pcm16(samples), 24_000), "file")
    assert back.rate == 24_000
    assert np.allclose(back.samples, [0, 0.5, -0.5, -1, 1, -1], atol=1e-4)
    stereo = np.array([[100, 300], [-200, 200]], "<i2").tobytes()
    assert np.allclose(read_pcm16(stereo, 8_000, 2, "body").samples * 32_768, [200, 0])


BAD_FIELDS: dict[str, tuple[object, str]] = {
    "text": ("x" * 9, "text: at most 8 characters"),
    "not text": (["x"], "text: must be text"),
    "choice": ("c", "choice: must be one of a, b"),
    "number": ("3", "number: must be a number from 0 to 2"),
    "not a number": ("NaN", "number: must be a number from 0 to 2"),
    "truth": (True, "number: must be a number from 0 to 2"),
    "flag": ("perhaps", "flag: must be true or false"),
}


@pytest.mark.parametrize("name", BAD_FIELDS)
def test_bad_field(name: str) -> None:
    """[PYW7] an error names the field and what is allowed, and never repeats what was sent"""
    value, message = BAD_FIELDS[name]
    fields = Fields(dict.fromkeys(["text", "choice", "number", "flag"], value))
    read = {
        "text": lambda: fields.text("text", 8),
        "choice": lambda: fields.choice("choice", ["a", "b"], "a"),
        "number": lambda: fields.number("number", 0, 2, 1),
        "flag": lambda: fields.flag("flag"),
    }[message.partition(":")[0]]
    with pytest.raises(Fault) as refused:
        read()  # type: ignore[no-untyped-call]  # four lambdas of four types
    assert refused.value.message == message


def test_good_fields() -> None:
    """[PYW7] absent, null and blank are the default"""
    for absent in ({}, dict.fromkeys(["text", "choice", "number", "flag"]), {"text": " ", "choice": "", "number": ""}):
        fields = Fields(absent)
        assert (fields.text("text", 8), fields.choice("choice", ["a"], "a")) == (None, "a")
        assert (fields.number("number", 0, 2, 1), fields.flag("flag")) == (1, False)


BAD_FLAGS = {
    "--port": ("70000", "must be a whole number from 0 to 65535"),
    "--queue": ("-1", "must be a whole number from 0 to 1000"),
    "--max-new-tokens": ("many", "must be a whole number from 1 to 224"),
    "--device": ("tpu", "invalid choice"),
    "--served-name": ("", "must be 1 to 256 printable characters"),
}


@pytest.mark.parametrize("flag", BAD_FLAGS)
def test_bad_flag(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """[PYW8] a wrong flag ends the start with its name and what is allowed"""
    value, what = BAD_FLAGS[flag]
    with pytest.raises(SystemExit) as ended:
        faster_whisper_worker.parse([f"{flag}={value}"])
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert flag in told
    assert what in told


def test_loopback() -> None:
    """[PYW8] without a flag a worker listens on loopback only"""
    assert faster_whisper_worker.parse([]).host == "127.0.0.1"
