"""LiveKit Agents as a peer of `npm run bench -- peers`: a WebSocket, PCM16 at 16 kHz in and PCM16 at 24 kHz out.

The session, its VAD, endpointing and turns are LiveKit's own; its audio input and output end at the WebSocket in place
of a room, and the three engines are scripted. All sessions run in this one process and event loop: LiveKit's worker
would give each a process of its own, with the memory of one.
"""

import asyncio
import logging
import time
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, LanguageCode, inference, llm, stt, tts, utils, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice import Agent, AgentSession, io
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from peer_script import (
    HEARD,
    HOST,
    INPUT_RATE,
    OUTPUT_RATE,
    REPLY,
    is_loud,
    read_settings,
    sound,
    tell_ready,
    wait_for_end,
)

settings = read_settings()


class CallerInput(io.AudioInput):
    """The caller's samples as they come."""

    def __init__(self, websocket: ServerConnection) -> None:
        super().__init__(label="caller")
        self._websocket = websocket

    async def __anext__(self) -> rtc.AudioFrame:
        try:
            pcm = await self._websocket.recv(decode=False)
        except ConnectionClosed:
            raise StopAsyncIteration from None
        return rtc.AudioFrame(pcm, INPUT_RATE, 1, len(pcm) // 2)


class CallerOutput(io.AudioOutput):
    """Sends as fast as it is given, as LiveKit's own stream to an avatar does; what was heard is counted by time."""

    def __init__(self, websocket: ServerConnection) -> None:
        super().__init__(label="caller", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=OUTPUT_RATE)
        self._websocket = websocket
        self._started_at: float | None = None
        self._pushed = 0.0
        self._finish: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._started_at is None:
            self._started_at = time.monotonic()
            self._pushed = 0.0
            self.on_playback_started(created_at=time.time())
        self._pushed += frame.duration
        await self._websocket.send(bytes(frame.data))

    def flush(self) -> None:
        super().flush()
        if self._started_at is not None and self._finish is None:
            left = max(0.0, self._started_at + self._pushed - time.monotonic())
            self._finish = asyncio.get_running_loop().call_later(left, self._finished, False)

    def clear_buffer(self) -> None:
        if self._started_at is not None:
            self._finished(True)

    def _finished(self, is_interrupted: bool) -> None:
        if self._finish is not None:
            self._finish.cancel()
            self._finish = None
        played = 0.0 if self._started_at is None else min(time.monotonic() - self._started_at, self._pushed)
        self._started_at = None
        self.on_playback_finished(playback_position=played, interrupted=is_interrupted)


class ScriptedStt(stt.STT[Any]):
    """A streaming recogniser that LiveKit asks for its final words at the VAD's end of speech.

    (One that does not stream would be wrapped, and the wrapper runs a second VAD.)
    """

    def __init__(self) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=False, offline_recognize=False, manual_flush=True
            )
        )

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS, **_: object) -> "SttStream":
        return SttStream(stt=self, conn_options=conn_options)

    async def _recognize_impl(self, *_: object, **__: object) -> stt.SpeechEvent:
        raise NotImplementedError


class SttStream(stt.RecognizeStream):
    async def _run(self) -> None:
        async for part in self._input_ch:
            if not isinstance(part, self._FlushSentinel):
                continue
            await asyncio.sleep(settings.stt)
            heard = stt.SpeechData(language=LanguageCode("en"), text=HEARD)
            self._event_ch.send_nowait(stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[heard]))


class ScriptedLlm(llm.LLM[Any]):
    """Streams the reply by the word."""

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: object,
    ) -> "LlmStream":
        return LlmStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class LlmStream(llm.LLMStream):
    async def _run(self) -> None:
        await asyncio.sleep(settings.llm)
        for word in REPLY:
            self._event_ch.send_nowait(
                llm.ChatChunk(id="scripted", delta=llm.ChoiceDelta(role="assistant", content=word))
            )


class ScriptedTts(tts.TTS[Any]):
    """Streams: text in by the word, sound out from the first word on. (One that does not is asked by the sentence.)"""

    def __init__(self) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=OUTPUT_RATE, num_channels=1)

    def synthesize(self, *_: object, **__: object) -> tts.ChunkedStream:
        raise NotImplementedError

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "TtsStream":
        return TtsStream(tts=self, conn_options=conn_options)


class TtsStream(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        name = utils.shortuuid()
        output_emitter.initialize(
            request_id=name, sample_rate=OUTPUT_RATE, num_channels=1, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id=name)
        is_first = True
        async for part in self._input_ch:
            if not isinstance(part, str):
                continue
            if is_first:
                self._mark_started()
                await asyncio.sleep(settings.tts)
                is_first = False
            for chunk in sound(settings.samples_of(part)):
                output_emitter.push(chunk)
        output_emitter.end_input()


class LoudnessModel:
    """In place of LiveKit's native model, one that costs nothing."""

    def predict(self, window: np.ndarray) -> float:
        return 1.0 if is_loud(window) else 0.0

    def reset(self) -> None:
        pass


class LoudnessVad(inference.VAD):
    """LiveKit's own counting of frames over the model that costs nothing."""

    def stream(self) -> vad.VADStream:
        stream = super().stream()
        stream._native_vad = LoudnessModel()  # type: ignore[attr-defined]
        return stream


def create_vad() -> vad.VAD:
    # All of the silence is the VAD's. Silero in native code is the VAD that a session has by default.
    kind = inference.VAD if settings.is_vad_real else LoudnessVad
    return kind(min_silence_duration=settings.silence)


async def talk(websocket: ServerConnection) -> None:
    session: AgentSession[None] = AgentSession(
        vad=create_vad(),
        stt=ScriptedStt(),
        llm=ScriptedLlm(),
        tts=ScriptedTts(),
        turn_handling={
            # The VAD alone ends a turn: no model that judges it, no delay behind it.
            "turn_detection": "vad",
            "endpointing": {"mode": "fixed", "min_delay": 0.0},
            # Nothing is begun before the turn is over: speculation is off for everybody.
            "preemptive_generation": {"enabled": False},
            # By the VAD; the other mode asks a server of LiveKit's.
            "interruption": {"mode": "vad"},
        },
        # Nothing echoes here, and the reply holds no markup: both would only cost.
        aec_warmup_duration=None,
        tts_text_transforms=None,
    )
    session.input.audio = CallerInput(websocket)
    session.output.audio = CallerOutput(websocket)
    await session.start(Agent(instructions=""), record=False)
    await websocket.wait_closed()
    await session.aclose()


async def main() -> None:
    logging.getLogger("livekit").setLevel(logging.ERROR)
    async with serve(talk, HOST, 0, compression=None) as server:
        tell_ready(server.sockets[0].getsockname()[1])
        await wait_for_end()


asyncio.run(main())
