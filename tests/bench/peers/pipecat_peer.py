"""Pipecat as a peer of `npm run bench -- peers`: a WebSocket that takes PCM16 at 16 kHz and answers PCM16 at 24 kHz.

Pipeline, transport, VAD, turn strategies and aggregators are Pipecat's own; the three engines are scripted. All
sessions run in this one process and event loop, as in a FastAPI server.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.audio.volume import AudioVolumeTracker
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

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


class RawPcm(FrameSerializer):
    """The wire of the bench: binary messages are samples, and there are no others."""

    async def serialize(self, frame: Frame) -> bytes | None:
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        if isinstance(data, str):
            return None
        return InputAudioRawFrame(audio=data, sample_rate=INPUT_RATE, num_channels=1)


class LoudnessVad(VADAnalyzer):
    """Pipecat's own counting of frames over a model that costs nothing."""

    def num_frames_required(self) -> int:
        return 512

    def voice_confidence(self, buffer: bytes) -> float:
        return 1.0 if is_loud(np.frombuffer(buffer, np.int16)) else 0.0

    # The loudness of each window is part of its VAD, and what it costs is left out with it.
    def _get_smoothed_volume(self, audio: bytes) -> float:
        return 1.0


class ScriptedStt(SegmentedSTTService):
    """Recognises a segment at the VAD's end of speech, as its Whisper services do."""

    def __init__(self) -> None:
        # Finals are marked as such, so the turn never waits for the rest of this latency.
        super().__init__(
            ttfs_p99_latency=settings.silence + settings.stt,
            # A recogniser of known delay needs no silence to finish its last word.
            trailing_silence_secs=0,
            settings=STTSettings(model="scripted", language=None),
        )

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        await asyncio.sleep(settings.stt)
        yield TranscriptionFrame(HEARD, "caller", datetime.now(UTC).isoformat())


class ScriptedLlm(LLMService):
    """Streams the reply by the word."""

    def __init__(self) -> None:
        super().__init__(
            settings=LLMSettings(
                model="scripted",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=False,
                user_turn_completion_config=None,
            )
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await asyncio.sleep(settings.llm)
        for word in REPLY:
            await self._push_llm_text(word)
        await self.push_frame(LLMFullResponseEndFrame())


class ScriptedTts(TTSService):
    """Speaks by the sentence, which is Pipecat's default: by the token, each word would be a request of its own."""

    def __init__(self) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=OUTPUT_RATE,
            settings=TTSSettings(model="scripted", voice="scripted", language=None),
        )

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        await asyncio.sleep(settings.tts)
        for chunk in sound(settings.samples_of(text)):
            yield TTSAudioRawFrame(chunk, OUTPUT_RATE, 1, context_id=context_id)


def create_vad() -> VADAnalyzer:
    # All of the silence is the VAD's. (Pipecat recommends 0.2 s here and the rest in the turn's strategy, so that the
    # recogniser works in the silence: that is what Parley's speculation does, and it is off for everybody.)
    params = VADParams(stop_secs=settings.silence)
    return SileroVADAnalyzer(params=params) if settings.is_vad_real else LoudnessVad(params=params)


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    transport = FastAPIWebsocketTransport(
        websocket,
        # Chunks of 40 ms at twice the pace of life are its defaults.
        FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=RawPcm()),
    )
    # No time of the turn's own after the VAD's, and no model that judges it.
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0)
    aggregators = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=create_vad(), user_turn_strategies=UserTurnStrategies(stop=[stop])
        ),
    )
    pipeline = Pipeline(
        [
            transport.input(),
            ScriptedStt(),
            aggregators.user(),
            ScriptedLlm(),
            ScriptedTts(),
            transport.output(),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=INPUT_RATE, audio_out_sample_rate=OUTPUT_RATE),
        # The caller does not speak RTVI, and nobody reads the turns' statistics: both would only cost.
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(*_: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


class TellingServer(uvicorn.Server):
    """Tells the bench its port when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if sockets:
            tell_ready(sockets[0].getsockname()[1])


async def main() -> None:
    # As in production: its lines for debugging would cost more than its work.
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    # The meter of loudness is compiled at its first use, which takes seconds.
    meter = AudioVolumeTracker()
    meter.update(bytes(INPUT_RATE * 2), INPUT_RATE)
    _ = meter.volume
    app = FastAPI()
    app.websocket("/")(talk)
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        config = uvicorn.Config(app, log_level="error", ws_per_message_deflate=False, lifespan="off")
        server = TellingServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await wait_for_end()
        server.should_exit = True
        server.force_exit = True
        await serving


asyncio.run(main())
