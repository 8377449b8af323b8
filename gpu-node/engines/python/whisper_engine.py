"""faster-whisper as a job for the line: float32 in, segments out. Knows no HTTP.

Cancelling works between two windows of 30 s: CTranslate2 does not let go of a decode that it has begun.
"""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import av
import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment, TranscriptionInfo

from harness.fault import too_large
from harness.line import Stopped
from harness.pcm import Audio, Samples

RATE = 16_000
CONTEXT_TOKENS = 448
"""Of Whisper's decoder: prompt and text together."""
CONTROL_TOKENS = 8
"""Start, language, task, no timestamps, previous text, and the blank before a prompt or a hotword."""

# At debug it logs texts.
logging.getLogger("faster_whisper").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Question:
    """What to recognise and how."""

    audio: Audio
    language: str | None
    prompt: str | None
    hotwords: str | None
    has_segment_times: bool
    has_words: bool


@dataclass(frozen=True)
class Heard:
    """One segment, and what is known of the whole."""

    segment: Segment
    info: TranscriptionInfo


class WhisperEngine:
    def __init__(self, options: argparse.Namespace) -> None:
        is_cuda = options.device == "cuda" or (options.device == "auto" and ctranslate2.get_cuda_device_count() > 0)
        self.device = f"cuda:{options.device_index}" if is_cuda else "cpu"
        self._max_new_tokens: int = options.max_new_tokens
        self._model = WhisperModel(
            options.model,
            device="cuda" if is_cuda else "cpu",
            device_index=options.device_index if is_cuda else 0,
            compute_type=options.compute_type,
            cpu_threads=options.cpu_threads,
        )
        self.languages: list[str] = self._model.supported_languages

    def check_priming(self, prompt: str | None, hotwords: str | None) -> None:
        """What primes the decoder leaves room for the text; Whisper would cut it in silence, or fail."""
        room = CONTEXT_TOKENS - CONTROL_TOKENS - self._max_new_tokens
        count = 0
        for param, text in (("prompt", prompt), ("hotwords", hotwords)):
            count += len(self._model.hf_tokenizer.encode(text, add_special_tokens=False).ids) if text else 0
            if count > room:
                raise too_large(param, f"{room} tokens, prompt and hotwords together")

    def hear(self, question: Question, stop: threading.Event) -> Iterator[Heard | TranscriptionInfo]:
        """The segments as they are decoded, then once more what is known of the whole: silence has no segment."""
        samples = _resampled(question.audio)
        if stop.is_set():
            raise Stopped
        segments, info = self._model.transcribe(
            samples,
            language=question.language,
            initial_prompt=question.prompt,
            hotwords=question.hotwords,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=not question.has_segment_times,
            word_timestamps=question.has_words,
            vad_filter=False,
            max_new_tokens=self._max_new_tokens,
        )
        for segment in segments:
            yield Heard(segment, info)
            if stop.is_set():
                raise Stopped
        yield info


def _resampled(audio: Audio) -> Samples:
    if audio.rate == RATE:
        return audio.samples
    frame = av.AudioFrame.from_ndarray(audio.samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = audio.rate
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    parts = [part.to_ndarray().reshape(-1) for given in (frame, None) for part in resampler.resample(given)]
    return np.concatenate(parts).astype(np.float32)
