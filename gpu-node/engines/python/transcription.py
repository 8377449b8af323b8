"""POST /v1/audio/transcriptions in OpenAI's words: reads the form or raw audio, answers whole or as events.

Every option of the form may stand in the query too, which is how raw audio takes them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from faster_whisper.transcribe import Segment, TranscriptionInfo
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from whisper_engine import RATE, Heard, Question, WhisperEngine

from harness.app import Worker
from harness.body import read_bytes, read_form
from harness.fault import Fault, invalid, too_large
from harness.fields import Fields
from harness.pcm import Audio, read_pcm16, read_wav
from harness.streamed import streamed

MAX_BODY_BYTES = 25 * 1024 * 1024
"""OpenAI's limit of a file."""
MIN_SECONDS = 0.1
"""Nobody says a word in less; the driver does not ask then."""
MAX_PRIMING_CHARS = 4_000
FORMATS = ("json", "text", "verbose_json")
GRANULARITIES = ("segment", "word")


@dataclass(frozen=True)
class Job:
    question: Question
    format: str
    is_streamed: bool


class Transcriber:
    def __init__(self, worker: Worker, engine: WhisperEngine, max_seconds: int) -> None:
        self._worker = worker
        self._engine = engine
        self._max_seconds = max_seconds

    async def read(self, request: Request) -> Job:
        kind, parameters = _content_type(request)
        given: dict[str, object] = dict(request.query_params)
        if kind == "multipart/form-data":
            form = await read_form(request, MAX_BODY_BYTES)
            given |= {key: value for key, value in form.items() if key != "file"}
            granularities = form.getlist("timestamp_granularities[]")
            audio = read_wav(await _file_of(form.get("file")), "file")
        elif kind in ("audio/pcm", "audio/wav", "audio/x-wav"):
            granularities = list(request.query_params.getlist("timestamp_granularities[]"))
            data = await read_bytes(request, MAX_BODY_BYTES)
            audio = read_wav(data, "body") if kind != "audio/pcm" else _raw(data, parameters)
        else:
            raise Fault(
                415, "content-type: must be multipart/form-data, audio/wav or audio/pcm;rate=…", param="content-type"
            )
        self._check_length(audio)
        return self._job(audio, Fields(given), granularities)

    async def answer(self, job: Job) -> Response:
        if job.is_streamed:
            return await streamed(self._events(job), "text/event-stream")
        segments, info = [], None
        async for piece in self._hear(job):
            if isinstance(piece, Heard):
                segments.append(piece.segment)
            else:
                info = piece
        return _whole(job, segments, info)

    async def _events(self, job: Job) -> AsyncGenerator[bytes, None]:
        """Only OpenAI's two events."""
        text = ""
        async with aclosing(self._hear(job)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, Heard):
                    continue
                delta = piece.segment.text if text else piece.segment.text.lstrip()
                text += delta
                if delta:
                    yield _event({"type": "transcript.text.delta", "delta": delta})
        yield _event({"type": "transcript.text.done", "text": text.strip(), "usage": _usage(job)})

    async def _hear(self, job: Job) -> AsyncGenerator[Heard | TranscriptionInfo, None]:
        seconds = job.question.audio.seconds
        meters = self._worker.meters

        def work(stop: threading.Event) -> Iterator[Heard | TranscriptionInfo]:
            return self._engine.hear(job.question, stop)

        async with self._worker.line.work(work) as pieces:
            started, is_first = time.monotonic(), True
            async for piece in pieces:
                if is_first:
                    meters.first_output.observe(time.monotonic() - started)
                    is_first = False
                yield piece
            meters.real_time_factor.observe((time.monotonic() - started) / seconds)
            meters.audio.inc(seconds)

    def _check_length(self, audio: Audio) -> None:
        if audio.seconds < MIN_SECONDS:
            raise invalid("file", f"at least {MIN_SECONDS} s of audio", code="audio_too_short")
        if audio.seconds > self._max_seconds:
            raise too_large("file", f"{self._max_seconds} s of audio")

    def _job(self, audio: Audio, fields: Fields, granularities: list[Any]) -> Job:
        if any(one not in GRANULARITIES for one in granularities):
            raise invalid("timestamp_granularities[]", f"must be one of {', '.join(GRANULARITIES)}")
        fields.number("temperature", 0, 0, 0)
        text_format = fields.choice("response_format", FORMATS, "json")
        prompt, hotwords = fields.text("prompt", MAX_PRIMING_CHARS), fields.text("hotwords", MAX_PRIMING_CHARS)
        self._engine.check_priming(prompt, hotwords)
        question = Question(
            audio=audio,
            language=self._language(fields.text("language", 35)),
            prompt=prompt,
            hotwords=hotwords,
            has_segment_times=text_format == "verbose_json",
            has_words="word" in granularities,
        )
        if question.has_words and text_format != "verbose_json":
            raise invalid("timestamp_granularities[]", "needs response_format=verbose_json")
        return Job(question, text_format, fields.flag("stream"))

    def _language(self, tag: str | None) -> str | None:
        """`zh-TW` and `zh` are one language to Whisper; None has it find out, at the price of one more encoding."""
        if tag is None:
            return None
        language = tag.partition("-")[0].lower()
        if language not in self._engine.languages:
            raise invalid("language", "is none that this model knows; ISO 639-1, such as en or zh")
        return language


def _content_type(request: Request) -> tuple[str, dict[str, str]]:
    kind, *parts = [part.strip() for part in request.headers.get("content-type", "").split(";")]
    pairs = (part.partition("=") for part in parts)
    return kind.lower(), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _raw(data: bytes, parameters: dict[str, str]) -> Audio:
    rate, channels = parameters.get("rate", str(RATE)), parameters.get("channels", "1")
    are_numbers = all(word.isascii() and word.isdigit() for word in (rate, channels))
    if not (are_numbers and len(rate) <= 6 and len(channels) <= 2):
        raise invalid("content-type", "rate and channels must be numbers, such as audio/pcm;rate=16000;channels=1")
    return read_pcm16(data, int(rate), int(channels), "body")


async def _file_of(field: object) -> bytes:
    if not isinstance(field, UploadFile):
        raise invalid("file", "is missing: audio as a file with a name", code="missing")
    return await field.read()


def _whole(job: Job, segments: list[Segment], info: TranscriptionInfo | None) -> Response:
    text = "".join(segment.text for segment in segments).strip()
    if job.format == "text":
        return PlainTextResponse(f"{text}\n")
    if job.format == "json" or info is None:
        return JSONResponse({"text": text, "usage": _usage(job)})
    words = [word for segment in segments for word in segment.words or ()]
    return JSONResponse(
        {
            "task": "transcribe",
            "language": info.language,
            "duration": round(job.question.audio.seconds, 3),
            "text": text,
            "segments": [_segment(segment) for segment in segments],
            "usage": _usage(job),
            **(
                {"words": [{"word": w.word, "start": w.start, "end": w.end} for w in words]}
                if job.question.has_words
                else {}
            ),
        }
    )


def _segment(segment: Segment) -> dict[str, object]:
    names = (
        "id",
        "seek",
        "start",
        "end",
        "text",
        "tokens",
        "temperature",
        "avg_logprob",
        "compression_ratio",
        "no_speech_prob",
    )
    return {name: getattr(segment, name) for name in names}


def _usage(job: Job) -> dict[str, object]:
    return {"type": "duration", "seconds": round(job.question.audio.seconds, 3)}


def _event(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
