"""The F5-TTS engine in this process: lengths, references, and what a stopped solve leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import f5_tts_worker
import numpy as np
import pytest
import torch
from f5_engine import HOP, RATE, F5Engine, _continued
from f5_tts.model.utils import convert_char_to_pinyin
from f5_voices import Voice, VoiceFolder, voice_of
from tiny_f5 import VOICE_TEXT, noise_wav, write_voice

from harness.fault import Fault
from harness.line import Stopped
from harness.pcm import Samples


@pytest.fixture(scope="module")
def engine(f5_flags: list[str]) -> F5Engine:
    return F5Engine(f5_tts_worker.parse([*f5_flags, "--device", "cpu", "--cached-voices", "2"]))


@pytest.fixture(scope="module")
def voice() -> Voice:
    return voice_of(noise_wav(2, RATE), VOICE_TEXT, "voice", "voice")


def speak(engine: F5Engine, voice: Voice, text: str, mode: str = "fast", speed: float = 1.0) -> list[Samples]:
    return list(engine.speak(voice, text, mode, speed, threading.Event()))


def seconds(parts: list[Samples]) -> float:
    return sum(map(len, parts)) / RATE


def test_tempo(engine: F5Engine, voice: Voice) -> None:
    """[PYT5] a text takes its share of the reference's time, faster or slower as asked"""
    reference = engine._reference(voice)
    text = "just some words to say"
    expected = reference.frames * HOP / RATE / len(reference.text.encode()) * len(text)
    for speed in (0.5, 1.0, 2.0):
        assert seconds(speak(engine, voice, text, speed=speed)) == pytest.approx(expected / speed, abs=0.05)


@pytest.mark.parametrize("text", ["好的。", "Hi there"])
def test_short(engine: F5Engine, voice: Voice, text: str) -> None:
    """[PYT5] a text under ten bytes is spoken at natural speed"""
    reference = engine._reference(voice)
    natural = reference.frames * HOP / RATE / len(reference.text.encode()) * len(text.encode())
    assert seconds(speak(engine, voice, text)) == pytest.approx(natural, abs=0.05)


def test_first_piece(engine: F5Engine, voice: Voice) -> None:
    """[PYT6] the first audio is there when the first clause is made, before the second is begun"""
    with counted(engine) as steps:
        made = engine.speak(voice, "The first clause, and then the second one.", "fast", 1.0, threading.Event())
        assert len(next(made)) > 0
        assert len(steps) == 7
        assert len(list(made)) == 2
        assert len(steps) == 14


def test_modes(engine: F5Engine, voice: Voice) -> None:
    """[PYT7] fast takes 7 steps at F5's pruned times and high quality 32 at even ones"""
    with counted(engine) as hq:
        speak(engine, voice, "some words", "hq")
    assert len(hq) == 32
    with counted(engine) as fast:
        speak(engine, voice, "some words")
    early = np.array([0, 2, 4, 6, 8, 16, 24]) / 32
    assert np.allclose(fast, early - (np.cos(np.pi / 2 * early) - 1 + early), atol=1e-5)


def test_stops_between_steps(engine: F5Engine, voice: Voice) -> None:
    """[PYT8] a stopped solve ends before its next step, and the text after it is not spoken with the old one"""
    torch.manual_seed(3)
    expected = np.concatenate(speak(engine, voice, "the next one"))
    stop = threading.Event()
    with counted(engine, lambda done: stop.set() if done == 3 else None) as steps, pytest.raises(Stopped):
        list(engine.speak(voice, "the first one", "hq", 1.0, stop))
    assert len(steps) == 3
    torch.manual_seed(3)
    assert np.array_equal(np.concatenate(speak(engine, voice, "the next one")), expected)


def test_text_matters(engine: F5Engine, voice: Voice) -> None:
    """[PYT8] the tiny model hears its text, or the test before this one would prove nothing"""
    made = []
    for text in ("the next one", "the other 1!"):
        torch.manual_seed(3)
        made.append(np.concatenate(speak(engine, voice, text)))
    assert len(made[0]) == len(made[1])
    assert not np.allclose(made[0], made[1])


@pytest.mark.parametrize("text", ["hello there", "你好。", "AI 很好", "Hi", "3 words", "“quoted”"])
@pytest.mark.parametrize("words", ["Some text.", "這是一段錄音。", "Mixed 錄音", "Really?"])
def test_tokens(engine: F5Engine, words: str, text: str) -> None:
    """[PYT9] with a cached reference a text is read as F5 reads both in one"""
    reference = engine._reference(voice_of(noise_wav(1, RATE), words, "voice", "voice"))
    assert _continued(reference, text) == convert_char_to_pinyin([reference.text + text])[0]


def test_references(engine: F5Engine, tmp_path: Path) -> None:
    """[PYT10] a reference is prepared once, anew when its file or its words change, and only so many are kept"""
    folder = VoiceFolder(tmp_path)
    write_voice(tmp_path, "one", seconds=1)
    first = engine._reference(folder.read("one"))
    assert engine._reference(folder.read("one")) is first
    write_voice(tmp_path, "one", seconds=1, text="other words.")
    second = engine._reference(folder.read("one"))
    assert second.text == "other words. "
    write_voice(tmp_path, "one", seconds=1.5, text="other words.")
    third = engine._reference(folder.read("one"))
    assert third.frames > second.frames
    assert len(engine._references) == 2


def test_quiet(engine: F5Engine) -> None:
    """[PYT10] a quiet reference is lifted for the model and its speech is as quiet again"""
    loud = voice_of(noise_wav(1, 48_000), VOICE_TEXT, "voice", "voice")
    quiet = Voice(loud.audio._replace(samples=loud.audio.samples / np.float32(10)), VOICE_TEXT, "quiet")
    made, reference = engine._reference(loud), engine._reference(quiet)
    assert reference.gain == pytest.approx(made.gain / 10, rel=1e-3)
    assert torch.allclose(reference.mel, made.mel, atol=1e-3)


BAD_VOICES = {
    "../ada": 400,
    "a/b": 400,
    "": 400,
    "A": 400,
    "a" * 65: 400,
    "..": 400,
    "nobody": 404,
    "wordless": 404,
    "blank": 400,
    "long": 400,
    "silent": 400,
}


@pytest.mark.parametrize("name", BAD_VOICES)
def test_bad_voice(tmp_path: Path, name: str) -> None:
    """[PYT11] a voice is a name of a-z, 0-9, _ and -, with 1 to 12 s of sound and its words"""
    write_voice(tmp_path, "wordless", seconds=1)
    (tmp_path / "wordless.txt").unlink()
    write_voice(tmp_path, "blank", seconds=1, text=" ")
    write_voice(tmp_path, "long", seconds=12.5)
    write_voice(tmp_path, "silent", seconds=1)
    (tmp_path / "silent.wav").write_bytes(noise_wav(1, RATE)[:44] + bytes(2 * RATE))
    with pytest.raises(Fault, match=r"^voice: ") as refused:
        VoiceFolder(tmp_path).read(name)
    assert refused.value.status == BAD_VOICES[name]


@contextmanager
def counted(engine: F5Engine, on_step: Callable[[int], None] = lambda _: None) -> Iterator[list[float]]:
    """The times of the steps that are taken in the block."""
    times: list[float] = []

    def count(_model: object, _args: object, given: dict[str, torch.Tensor]) -> None:
        times.append(float(given["time"]))
        on_step(len(times))

    hook = engine._model.transformer.register_forward_pre_hook(count, with_kwargs=True)
    try:
        yield times
    finally:
        hook.remove()
