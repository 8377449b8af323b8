"""The faster-whisper worker as a process, with the real packages and a tiny model, over real HTTP."""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from running_worker import RunningWorker
from test_reading import BAD_WAVS

from harness.pcm import write_pcm16, write_wav

PATH = "/v1/audio/transcriptions"
PCM = {"content-type": "audio/pcm;rate=16000"}
MAX_GROWTH_BYTES = 24 * 1024 * 1024
"""Of 160 calls. Keeping their audio or their features would be 150 MB."""

LOGGED = re.compile(
    r"INFO (listening on http://127\.0\.0\.1:\d+|POST /v1/audio/\w+ \d{3} \w+ \d+ ms)\n|WARNING \S+ \(withheld\)\n"
)
"""All that a worker ever says."""


def noise(seconds: float, rate: int = 16_000) -> bytes:
    samples = np.random.default_rng(3).standard_normal(round(seconds * rate)) * 0.1
    return write_pcm16(samples.astype(np.float32))


SECOND = noise(1)


def ask(worker: RunningWorker, data: dict[str, Any] | None = None, wav: bytes | None = None) -> httpx.Response:
    file = write_wav(SECOND, 16_000) if wav is None else wav
    return worker.client.post(
        PATH, files={"file": ("a.wav", file, "audio/wav")}, data={"language": "en", **(data or {})}
    )


def test_json(whisper: RunningWorker) -> None:
    """[PYS1] a WAV in a form becomes a text with the seconds that were heard; raw PCM becomes the same text"""
    answer = ask(whisper)
    assert answer.status_code == 200
    assert answer.json()["usage"] == {"type": "duration", "seconds": 1.0}
    raw = whisper.client.post(PATH, params={"language": "en"}, content=SECOND, headers=PCM)
    assert raw.json() == answer.json()
    text = ask(whisper, {"response_format": "text"})
    assert text.text.strip() == answer.json()["text"]


def test_rates(whisper: RunningWorker) -> None:
    """[PYS1] other rates and channels are converted"""
    headers = {"content-type": "audio/pcm; rate=48000; channels=2"}
    answer = whisper.client.post(PATH, params={"language": "en"}, content=noise(2, 48_000), headers=headers)
    assert answer.json()["usage"]["seconds"] == 1.0


def test_verbose(whisper: RunningWorker) -> None:
    """[PYS2] verbose_json tells language, length and segments, and each word's time where it is asked for"""
    asked = {"response_format": "verbose_json", "timestamp_granularities[]": ["segment", "word"]}
    answer = ask(whisper, asked).json()
    assert (answer["task"], answer["language"], answer["duration"]) == ("transcribe", "en", 1.0)
    assert answer["segments"]
    assert {"start", "end", "text", "no_speech_prob"} <= answer["segments"][0].keys()
    assert all(word.keys() == {"word", "start", "end"} for word in answer["words"])
    assert "words" not in ask(whisper, {"response_format": "verbose_json"}).json()


def test_language(whisper: RunningWorker) -> None:
    """[PYS3] a region of a language is the language, and without one it is found out"""
    verbose = {"response_format": "verbose_json"}
    assert ask(whisper, {**verbose, "language": "zh-TW"}).json()["language"] == "zh"
    assert len(ask(whisper, {**verbose, "language": ""}).json()["language"]) in (2, 3)


def test_priming(whisper: RunningWorker) -> None:
    """[PYS4] a prompt and hotwords change what is heard, and more than the decoder has room for is refused"""
    plain = ask(whisper).json()["text"]
    assert ask(whisper, {"prompt": "A talk of numbers: one, two and three."}).json()["text"] != plain
    assert ask(whisper, {"hotwords": "Parley"}).json()["text"] != plain
    too_much = ask(whisper, {"prompt": "a" * 120, "hotwords": "b" * 120})
    assert too_much.status_code == 413
    assert "216 tokens, prompt and hotwords together" in too_much.json()["error"]["message"]


def test_stream(whisper: RunningWorker) -> None:
    """[PYS5] a stream is OpenAI's deltas and then the whole text, which is what they add up to"""
    answer = ask(whisper, {"stream": "true"}, write_wav(noise(40), 16_000))
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]
    kinds = [event["type"] for event in events]
    assert kinds == ["transcript.text.delta"] * (len(events) - 1) + ["transcript.text.done"]
    assert len(events) > 2
    assert "".join(event["delta"] for event in events[:-1]).strip() == events[-1]["text"]


@pytest.mark.parametrize("name", BAD_WAVS)
def test_bad_audio(whisper: RunningWorker, name: str) -> None:
    """[PYS6] bad audio is a 400 in OpenAI's shape that names the field"""
    wav, code = BAD_WAVS[name]
    answer = ask(whisper, wav=wav)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", "file")
    assert (error["code"], error.keys()) == (code, {"message", "type", "param", "code"})


REFUSED: dict[str, tuple[int, str, dict[str, Any]]] = {
    "too long": (413, "file: at most 120 s", {"content": noise(121), "headers": PCM}),
    "too short": (400, "file: at least 0.1 s", {"content": noise(0.05), "headers": PCM}),
    "half a sample": (400, "body: PCM16", {"content": SECOND + b"x", "headers": PCM}),
    "nothing": (400, "body: is empty", {"content": b"", "headers": PCM}),
    "no rate": (400, "content-type: rate", {"content": SECOND, "headers": {"content-type": "audio/pcm;rate=x"}}),
    "wrong rate": (400, "body: the rate", {"content": SECOND, "headers": {"content-type": "audio/pcm;rate=1"}}),
    "wrong type": (415, "content-type: must", {"content": SECOND, "headers": {"content-type": "audio/mpeg"}}),
    "no type": (415, "content-type: must", {"content": SECOND}),
    "no file": (400, "file: is missing", {"files": {"other": ("a", b"x")}}),
    "no form": (400, "body: is no", {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=a"}}),
    "no boundary": (400, "body: is no", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}),
    "language": (400, "language: is none", {"content": SECOND, "headers": PCM, "params": {"language": "xx"}}),
    "format": (400, "response_format: must", {"content": SECOND, "headers": PCM, "params": {"response_format": "srt"}}),
    "temperature": (400, "temperature: must", {"content": SECOND, "headers": PCM, "params": {"temperature": "0.5"}}),
    "granularity": (
        400,
        "timestamp_granularities[]: needs",
        {"content": SECOND, "headers": PCM, "params": {"timestamp_granularities[]": "word"}},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(whisper: RunningWorker, name: str) -> None:
    """[PYS6] whatever else is wrong is a 4xx that names the field and the limit"""
    status, begins, request = REFUSED[name]
    answer = whisper.client.post(PATH, **request)
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(begins)


def test_too_many_bytes(whisper: RunningWorker) -> None:
    """[PYW9] a body over its bound is refused while it comes, whether its length was told or not"""
    told = whisper.client.post(PATH, content=bytes(26 * 1024 * 1024), headers=PCM)
    untold = whisper.client.post(PATH, content=(bytes(1024 * 1024) for _ in range(26)), headers=PCM)
    for answer in (told, untold):
        assert answer.status_code == 413
        assert answer.json()["error"]["message"] == "body: at most 26214400 bytes"


def test_hang_up(whisper: RunningWorker) -> None:
    """[PYW10] a caller who hangs up in the middle frees the engine at its next step, and the next one is served"""
    body = noise(119)
    with socket.create_connection(("127.0.0.1", int(whisper.url.rpartition(":")[2]))) as caller:
        head = f"POST {PATH}?language=en HTTP/1.1\r\nhost: x\r\ncontent-type: audio/pcm;rate=16000\r\n"
        caller.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        whisper.wait_until("parley_engine_busy", 1, 10)
    whisper.wait_until("parley_engine_busy", 0, 10)
    whisper.wait_until('parley_request_seconds_count{outcome="hung_up"}', 1, 5)
    assert ask(whisper).status_code == 200


def test_hang_up_while_sending(whisper: RunningWorker) -> None:
    """[PYW10] a caller who hangs up before his body is whole is forgotten"""
    before = whisper.metric('parley_request_seconds_count{outcome="hung_up"}')
    with socket.create_connection(("127.0.0.1", int(whisper.url.rpartition(":")[2]))) as caller:
        caller.sendall(
            f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: audio/pcm\r\ncontent-length: 99\r\n\r\nx".encode()
        )
    whisper.wait_until('parley_request_seconds_count{outcome="hung_up"}', before + 1, 5)


def test_at_once(whisper: RunningWorker) -> None:
    """[PYW11] of many callers at once each gets the right answer or a 503 in OpenAI's shape"""
    expected = ask(whisper).json()
    with ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(lambda _: ask(whisper), range(12)))
    served = [answer.json() for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(served) >= 3
    assert served == [expected] * len(served)
    assert refused
    for answer in refused:
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["code"]) == (503, "server_error", "queue_full")
        assert answer.headers["retry-after"] == "1"


def test_memory(whisper: RunningWorker) -> None:
    """[PYS7] two hundred calls leave nothing behind"""
    wav = write_wav(noise(10), 16_000)
    for _ in range(40):
        ask(whisper, wav=wav)
    before = whisper.metric("process_resident_memory_bytes")
    for _ in range(160):
        assert ask(whisper, wav=wav).status_code == 200
    assert whisper.metric("process_resident_memory_bytes") - before < MAX_GROWTH_BYTES


def test_tells(whisper: RunningWorker) -> None:
    """[PYW12] health, metrics and models tell what runs here and how it goes"""
    ask(whisper)
    health = whisper.client.get("/health").json()
    assert (health["status"], health["engine"], health["device"], health["queue"]) == ("ok", "faster-whisper", "cpu", 0)
    assert [model["id"] for model in whisper.client.get("/v1/models").json()["data"]] == ["tiny"]
    text = whisper.client.get("/metrics").text
    for name in ("queue_wait_seconds", "request_seconds", "first_output_seconds", "real_time_factor"):
        assert f"# TYPE parley_{name} histogram" in text
    for name in ("queue_depth", "queue_oldest_wait_seconds", "engine_busy"):
        assert f"\nparley_{name} 0.0\n" in text
    assert whisper.metric("parley_audio_seconds_total") >= 1
    assert 'parley_engine_info{device="cpu",engine="faster-whisper"' in text
    lost = whisper.client.get("/v1/nothing")
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "http_404")


def test_says_nothing(whisper: RunningWorker) -> None:
    """[PYW13] nothing of a caller is printed or logged, not his words, not a name, not his query"""
    words = "unmistakable"
    ask(whisper, {"prompt": words, "hotwords": words, "language": "zh"})
    whisper.client.post(PATH, params={"prompt": words, "language": words}, content=SECOND, headers=PCM)
    whisper.client.get(f"/{words}")
    assert any(f"POST {PATH} 200 ok" in line for line in whisper.log)
    assert any(f"POST {PATH} 400 refused" in line for line in whisper.log)
    assert [line for line in whisper.log if not LOGGED.fullmatch(line)] == []
    assert whisper.out.read_bytes() == b""
