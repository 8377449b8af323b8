"""The F5-TTS worker as a process, with the real packages and a tiny model, over real HTTP."""

from __future__ import annotations

import base64
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import f5_tts_worker
import httpx
import pytest
from running_worker import RunningWorker
from speech import Speaker
from test_transcription import LOGGED
from tiny_f5 import VOICE_TEXT, noise_wav

from harness.fields import Fields
from harness.pcm import read_wav

PATH = "/v1/audio/speech"
LONG = "A clause of words, one more clause of them. " * 25
MAX_GROWTH_BYTES = 48 * 1024 * 1024
"""Of 160 calls. Keeping each reference's or each answer's tensors would be several times that."""


def ask(worker: RunningWorker, **fields: Any) -> httpx.Response:
    return worker.client.post(PATH, json={"input": "Some words.", "voice": "ada", **fields})


def samples(answer: httpx.Response) -> int:
    assert answer.status_code == 200
    return len(answer.content) // 2


def test_pcm(f5: RunningWorker) -> None:
    """[PYT12] a text becomes headerless PCM16 at 24 kHz, and its headers say so"""
    answer = ask(f5, response_format="pcm", stream_format="audio", model="f5-tts")
    assert answer.headers["content-type"] == "audio/pcm;rate=24000;channels=1"
    assert (answer.headers["x-sample-rate"], answer.headers["x-channels"]) == ("24000", "1")
    assert len(answer.content) % 2 == 0
    assert samples(answer) > 4_800


def test_wav(f5: RunningWorker) -> None:
    """[PYT12] or a whole WAV of the same length"""
    answer = ask(f5, response_format="wav")
    assert answer.headers["content-type"] == "audio/wav"
    audio = read_wav(answer.content, "file")
    assert (audio.rate, len(audio.samples)) == (24_000, samples(ask(f5)))


def test_streams(f5: RunningWorker) -> None:
    """[PYT13] audio arrives in pieces while the rest is being made"""
    with f5.client.stream("POST", PATH, json={"input": LONG, "voice": "ada", "mode": "hq"}) as answer:
        parts = answer.iter_raw()
        assert len(next(parts)) > 0
        assert f5.metric("parley_engine_busy") == 1
        assert len(next(parts)) > 0


def test_mode(f5: RunningWorker) -> None:
    """[PYT14] the mode is taken from the body, the query or the end of the model's name"""
    for given in ({"mode": "hq"}, {"model": "f5-tts:hq"}, {"mode": "fast", "model": "x:hq"}, {"model": "org/name:v1"}):
        assert samples(ask(f5, **given)) > 0
    assert f5.client.post(PATH, params={"mode": "hq"}, json={"input": "Words", "voice": "bo"}).status_code == 200
    assert f5.client.post(PATH, params={"mode": "best"}, json={"input": "Words", "voice": "bo"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "query", "mode"),
    [
        ({}, {}, "fast"),
        ({"mode": "hq"}, {}, "hq"),
        ({"model": "f5-tts:hq"}, {}, "hq"),
        ({"model": "org/name:v1"}, {}, "fast"),
        ({"mode": "fast", "model": "x:hq"}, {}, "fast"),
        ({"mode": "fast"}, {"mode": "hq"}, "hq"),
    ],
)
def test_which_mode(body: dict[str, Any], query: dict[str, Any], mode: str) -> None:
    """[PYT14] the query goes before the body, and both before the model's name"""
    speaker = Speaker.__new__(Speaker)
    speaker._default_mode = "fast"
    assert speaker._mode(Fields(body), Fields(query)) == mode


def test_speed(f5: RunningWorker) -> None:
    """[PYT14] twice the speed is half the time"""
    slow, quick = (samples(ask(f5, input="Some words to be said.", speed=speed)) for speed in (0.5, 1))
    assert slow == pytest.approx(2 * quick, rel=0.05)


def test_reference_in_the_request(f5: RunningWorker) -> None:
    """[PYT15] a reference may come with the request, as a data: URL with its words"""
    url = f"data:audio/wav;base64,{base64.b64encode(noise_wav(2, 16_000)).decode()}"
    answer = ask(f5, voice=None, ref_audio=url, ref_text=VOICE_TEXT)
    assert samples(answer) == samples(ask(f5))


def test_voices(f5: RunningWorker) -> None:
    """[PYT11] the prepared voices are listed"""
    answer = f5.client.get("/v1/audio/voices").json()
    assert answer == {"voices": [{"id": "ada", "name": "ada"}, {"id": "bo", "name": "bo"}]}


def test_silence(f5: RunningWorker) -> None:
    """[PYT3] what nobody can say is an answer without audio"""
    assert samples(ask(f5, input="…")) == 0


def data_url(wav: bytes) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(wav).decode()}"


REFUSED: dict[str, tuple[int, str, dict[str, Any]]] = {
    "no text": (400, "input: is missing", {"input": " "}),
    "long text": (413, "input: at most 4096 characters", {"input": "a" * 4_097}),
    "not text": (400, "input: must be text", {"input": 5}),
    "no voice": (400, "voice: is missing", {"voice": None}),
    "unknown voice": (404, "voice: is not prepared", {"voice": "cy"}),
    "a path": (400, "voice: must be", {"voice": "../ada"}),
    "mp3": (400, "response_format: must be one of pcm, wav", {"response_format": "mp3"}),
    "events": (400, "stream_format: must be one of audio", {"stream_format": "sse"}),
    "mode": (400, "mode: must be one of fast, hq", {"mode": "best"}),
    "speed": (400, "speed: must be a number from 0.5 to 2", {"speed": 3}),
    "a web address": (400, "ref_audio: must be a data: URL", {"ref_audio": "https://example.org/a.wav"}),
    "no base64": (400, "ref_audio: is no valid base64", {"ref_audio": "data:audio/wav;base64,@", "ref_text": "a"}),
    "no words": (400, "ref_text: the words", {"ref_audio": data_url(noise_wav(2, 8_000))}),
    "no audio": (400, "ref_audio: is empty", {"ref_audio": "data:audio/wav;base64,", "ref_text": "a"}),
    "long reference": (400, "ref_audio: the ref", {"ref_audio": data_url(noise_wav(13, 8_000)), "ref_text": "a"}),
    "cut reference": (400, "ref_audio: the WAV", {"ref_audio": data_url(noise_wav(2, 8_000)[:-9]), "ref_text": "a"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(f5: RunningWorker, name: str) -> None:
    """[PYT16] whatever is wrong is a 4xx in OpenAI's shape that names the field and the limit"""
    status, begins, fields = REFUSED[name]
    answer = ask(f5, **fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (status, "invalid_request_error")
    assert error["message"].startswith(begins)


def test_half_a_character(f5: RunningWorker) -> None:
    """[PYT16] words that are no whole Unicode are refused, and the engine stays well"""
    fields = {"model": "f5", "input": "Hi there", "ref_audio": data_url(noise_wav(2, 8_000)), "ref_text": "a\ud800"}
    for _ in range(4):
        answer = f5.client.post(PATH, content=json.dumps(fields))
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "ref_text: must be whole Unicode")
    assert f5.client.get("/health").status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000], ids=repr)
def test_no_json(f5: RunningWorker, body: bytes) -> None:
    """[PYT16] a body that is no JSON object is refused"""
    answer = f5.client.post(PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("body: ")


def test_hang_up(f5: RunningWorker) -> None:
    """[PYT17] a caller who hangs up in the middle frees the engine within a step, long before the text is over"""
    started = time.monotonic()
    assert samples(ask(f5, input=LONG, mode="hq")) > 0
    whole = time.monotonic() - started
    with f5.client.stream("POST", PATH, json={"input": LONG, "voice": "ada", "mode": "hq"}) as answer:
        next(answer.iter_raw())
    assert f5.wait_until("parley_engine_busy", 0, whole) < whole / 2
    assert samples(ask(f5)) > 0


def test_hang_up_in_the_queue(f5: RunningWorker) -> None:
    """[PYT17] who hangs up while he waits is off the queue"""
    with f5.client.stream("POST", PATH, json={"input": LONG, "voice": "ada", "mode": "hq"}) as answer:
        parts = answer.iter_raw()
        next(parts)
        with pytest.raises(httpx.ReadTimeout):
            f5.client.post(PATH, json={"input": "Words", "voice": "ada"}, timeout=0.05)
        f5.wait_until("parley_queue_depth", 0, 2)
        assert f5.metric("parley_engine_busy") == 1
    f5.wait_until("parley_engine_busy", 0, 5)


def test_at_once(f5: RunningWorker) -> None:
    """[PYT18] callers at once get each his own text's audio, or a 503"""
    texts = ["Some words " + "and more " * at for at in range(8)]
    expected = {text: samples(ask(f5, input=text)) for text in texts}
    with ThreadPoolExecutor(8) as callers:
        answers = dict(zip(texts, callers.map(lambda text: ask(f5, input=text), texts), strict=True))
    served = {text: samples(answer) for text, answer in answers.items() if answer.status_code == 200}
    assert len(served) >= 3
    assert served == {text: expected[text] for text in served}
    assert {answer.status_code for answer in answers.values()} <= {200, 503}


def test_memory(f5: RunningWorker) -> None:
    """[PYT19] two hundred calls leave nothing behind"""
    for _ in range(40):
        ask(f5, input="Hi there")
    before = f5.metric("process_resident_memory_bytes")
    for at in range(160):
        reference = data_url(noise_wav(2, 24_000, seed=at))
        assert ask(f5, input="Hi there", voice=None, ref_audio=reference, ref_text=VOICE_TEXT).status_code == 200
    assert f5.metric("process_resident_memory_bytes") - before < MAX_GROWTH_BYTES


def test_says_nothing(f5: RunningWorker) -> None:
    """[PYW13] nothing of a caller is printed or logged by the libraries either"""
    ask(f5, input="unmistakable words")
    assert [line for line in f5.log if not LOGGED.fullmatch(line)] == []
    assert f5.out.read_bytes() == b""


def test_tells(f5: RunningWorker) -> None:
    """[PYW12] health and metrics tell what runs here"""
    health = f5.client.get("/health").json()
    assert (health["status"], health["engine"], health["model"]) == ("ok", "f5-tts", "f5-tts")
    assert re.fullmatch(r"1\.1\.\d+", health["version"])
    assert f5.metric("parley_first_output_seconds_count") > 0


@pytest.mark.parametrize("flag", ["--model", "--vocoder", "--voices"])
def test_bad_flag(f5_flags: list[str], flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """[PYW8] a path that is not there is named with its flag"""
    with pytest.raises(SystemExit):
        f5_tts_worker.parse([*f5_flags, flag, "/nowhere"])
    assert f"argument {flag}: no such" in capsys.readouterr().err


def test_licence(capsys: pytest.CaptureFixture[str]) -> None:
    """[PYT20] the help states the licence of the weights"""
    with pytest.raises(SystemExit):
        f5_tts_worker.parse(["--help"])
    assert "CC-BY-NC" in capsys.readouterr().out
