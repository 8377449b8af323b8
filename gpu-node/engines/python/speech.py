"""POST /v1/audio/speech in OpenAI's words, and GET /v1/audio/voices: reads the JSON, answers with PCM as it is made."""

from __future__ import annotations

import asyncio
import base64
import binascii
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from f5_engine import RATE, F5Engine
from f5_text import is_speakable
from f5_voices import MAX_TEXT_CHARS, MAX_WAV_BYTES, Voice, VoiceFolder, voice_of
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.app import Worker
from harness.body import read_json
from harness.fault import invalid
from harness.fields import Fields
from harness.pcm import Samples, write_pcm16, write_wav
from harness.streamed import streamed

MAX_INPUT_CHARS = 4_096
"""OpenAI's limit."""
MAX_DATA_URL_CHARS = MAX_WAV_BYTES * 4 // 3 + 128
MAX_BODY_BYTES = MAX_DATA_URL_CHARS + 64 * 1024
SPEEDS = (0.5, 2.0)
"""Beyond these F5 mumbles."""
MODES = ("fast", "hq")
HEADERS = {"x-sample-rate": str(RATE), "x-channels": "1"}
PCM = f"audio/pcm;rate={RATE};channels=1"


@dataclass(frozen=True)
class Job:
    text: str
    voice: Voice
    format: str
    mode: str
    speed: float


class Speaker:
    def __init__(self, worker: Worker, engine: F5Engine, voices: VoiceFolder, default_mode: str) -> None:
        self._worker = worker
        self._engine = engine
        self._voices = voices
        self._default_mode = default_mode

    async def list_voices(self, _request: Request) -> Response:
        ids = await asyncio.to_thread(self._voices.ids)
        return JSONResponse({"voices": [{"id": one, "name": one} for one in ids]})

    async def read(self, request: Request) -> Job:
        fields = Fields(await read_json(request, MAX_BODY_BYTES))
        text = fields.text("input", MAX_INPUT_CHARS)
        if text is None:
            raise invalid("input", "is missing", code="missing")
        fields.choice("stream_format", ["audio"], "audio")
        return Job(
            text=text,
            voice=await self._voice(fields),
            format=fields.choice("response_format", ["pcm", "wav"], "pcm"),
            mode=self._mode(fields, Fields(dict(request.query_params))),
            speed=fields.number("speed", *SPEEDS, 1.0),
        )

    async def answer(self, job: Job) -> Response:
        if job.format == "pcm":
            return await streamed(self._pcm(job), PCM, HEADERS)
        pcm = b"".join([piece async for piece in self._pcm(job)])
        return Response(write_wav(pcm, RATE), headers=HEADERS, media_type="audio/wav")

    async def _pcm(self, job: Job) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._speak(job)) as pieces:
            async for piece in pieces:
                if len(piece):
                    yield write_pcm16(piece)

    async def _speak(self, job: Job) -> AsyncGenerator[Samples, None]:
        if not is_speakable(job.text):
            return
        meters = self._worker.meters

        def work(stop: threading.Event) -> Iterator[Samples]:
            return self._engine.speak(job.voice, job.text, job.mode, job.speed, stop)

        async with self._worker.line.work(work) as pieces:
            started, made = time.monotonic(), 0
            async for piece in pieces:
                if made == 0:
                    meters.first_output.observe(time.monotonic() - started)
                made += len(piece)
                yield piece
            meters.real_time_factor.observe((time.monotonic() - started) * RATE / made)
            meters.audio.inc(made / RATE)

    async def _voice(self, fields: Fields) -> Voice:
        """The reference in the request, or the one that is prepared under the name of `voice`."""
        data_url = fields.text("ref_audio", MAX_DATA_URL_CHARS)
        if data_url is not None:
            text = fields.text("ref_text", MAX_TEXT_CHARS) or ""
            return voice_of(_data_of(data_url), text, "ref_audio", "ref_text")
        name = fields.text("voice", 256)
        if name is None:
            raise invalid("voice", "is missing; or give ref_audio and ref_text", code="missing")
        return await asyncio.to_thread(self._voices.read, name)

    def _mode(self, body: Fields, query: Fields) -> str:
        """`mode`, in the query or in the body, or else `model` ending in `:fast` or `:hq`."""
        model = body.text("model", 256) or ""
        _, _, suffix = model.rpartition(":")
        default = suffix if suffix in MODES else self._default_mode
        return query.choice("mode", MODES, body.choice("mode", MODES, default))


def _data_of(url: str) -> bytes:
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:audio/") or not head.endswith(";base64"):
        raise invalid("ref_audio", "must be a data: URL of audio in base64")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("ref_audio", "is no valid base64") from None
