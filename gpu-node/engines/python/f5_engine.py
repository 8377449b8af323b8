"""F5-TTS as a job for the line: a voice and a text in, float32 at 24 kHz out, piece by piece. Knows no HTTP.

Uses the model itself and not f5_tts.infer: that prints what callers say, keeps every reference for ever, runs all
pieces of a text at once, drags texts under 10 bytes, and loads a speech recogniser.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torchaudio
from cross_fade import CrossFade
from f5_text import pieces
from f5_voices import Voice
from safetensors.torch import load_file

from harness.line import Stopped
from harness.pcm import Samples

# The package imports its trainer, and that wandb, datasets and pyarrow. Nothing is trained here.
_no_trainer = ModuleType("f5_tts.model.trainer")
_no_trainer.Trainer = None  # type: ignore[attr-defined]
sys.modules.setdefault("f5_tts.model.trainer", _no_trainer)

from f5_tts.model import CFM, DiT  # noqa: E402  # after the line above
from f5_tts.model.utils import convert_char_to_pinyin, get_tokenizer  # noqa: E402
from vocos import Vocos  # noqa: E402

RATE = 24_000
HOP = 256
MELS = 100
BASE_ARCH = {"dim": 1024, "depth": 22, "heads": 16, "ff_mult": 2, "text_dim": 512, "conv_layers": 4}
"""F5TTS_v1_Base."""
CFG_STRENGTH = 2.0
SWAY = -1.0
MAX_SECONDS = 22.0
"""Reference and piece together, as F5 itself cuts its texts; it was trained on 30 s at most."""
MIN_PIECE_S = 0.3
"""A syllable needs so much, whatever the arithmetic says."""
LOUDNESS = 0.1
"""Root mean square that F5 lifts quiet references to, and takes back from what it makes."""


@dataclass(frozen=True)
class Reference:
    """A voice, prepared once: what every piece of speech begins with."""

    mel: torch.Tensor
    tokens: list[str]
    text: str
    gain: float

    @property
    def frames(self) -> int:
        return int(self.mel.shape[1])

    def frames_for(self, text: str, speed: float) -> int:
        """F5's arithmetic, without its exception for texts under 10 bytes, which it drags out threefold."""
        share = self.frames / len(self.text.encode()) * len(text.encode()) / speed
        return max(int(share), round(MIN_PIECE_S * RATE / HOP))

    def max_bytes(self, speed: float) -> int:
        """Of one piece of text, so that the reference and the piece fit into what the model knows."""
        seconds = self.frames * HOP / RATE
        return max(16, int(len(self.text.encode()) / seconds * (MAX_SECONDS - seconds) * speed))


class F5Engine:
    def __init__(self, options: argparse.Namespace) -> None:
        is_cuda = options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())
        self.device = f"cuda:{options.device_index}" if is_cuda else "cpu"
        self.version = version("f5-tts")
        self.steps: dict[str, int] = {"fast": options.fast_steps, "hq": options.hq_steps}
        is_half = options.compute_type == "float16" or (options.compute_type == "auto" and is_cuda)
        if options.cpu_threads:
            torch.set_num_threads(options.cpu_threads)
        self._model = _load_model(options, torch.float16 if is_half else torch.float32).to(self.device)
        self._vocoder = _load_vocoder(options.vocoder).to(self.device)
        self._references: OrderedDict[str, Reference] = OrderedDict()
        self._max_references: int = options.cached_voices
        self._stop = threading.Event()
        self._model.transformer.register_forward_pre_hook(self._before_step)
        if options.compile:
            for block in self._model.transformer.transformer_blocks:
                block.compile(dynamic=True)

    def speak(self, voice: Voice, text: str, mode: str, speed: float, stop: threading.Event) -> Iterator[Samples]:
        """Called in the line's one thread only: F5 keeps the text of a solve per thread, and torch one seed."""
        self._stop = stop
        with torch.inference_mode():
            reference = self._reference(voice)
            fade = CrossFade(RATE)
            for piece in pieces(text, reference.max_bytes(speed)):
                yield fade.push(self._piece(reference, piece, self.steps[mode], speed))
            yield fade.flush()

    def _piece(self, reference: Reference, text: str, steps: int, speed: float) -> Samples:
        try:
            mel, _ = self._model.sample(
                cond=reference.mel,
                text=[_continued(reference, text)],
                duration=reference.frames + reference.frames_for(text, speed),
                steps=steps,
                cfg_strength=CFG_STRENGTH,
                sway_sampling_coef=SWAY,
            )
        finally:
            # A stopped solve leaves its text behind, and the next one would speak it.
            self._model.transformer.clear_cache()
        made = mel[:, reference.frames :, :].to(torch.float32).permute(0, 2, 1)
        wave = self._vocoder.decode(made).squeeze() * reference.gain
        return np.asarray(wave.cpu().numpy(), np.float32)

    def _before_step(self, *_: object) -> None:
        if self._stop.is_set():
            raise Stopped

    def _reference(self, voice: Voice) -> Reference:
        known = self._references.pop(voice.key, None) or self._prepare(voice)
        self._references[voice.key] = known
        if len(self._references) > self._max_references:
            self._references.popitem(last=False)
        return known

    def _prepare(self, voice: Voice) -> Reference:
        wave = torch.from_numpy(voice.audio.samples).unsqueeze(0)
        loudness = float(wave.square().mean().sqrt())
        gain = min(1.0, loudness / LOUDNESS)
        wave = wave / gain
        if voice.audio.rate != RATE:
            wave = torchaudio.functional.resample(wave, voice.audio.rate, RATE)
        mel = self._model.mel_spec(wave.to(self.device)).permute(0, 2, 1)
        text = _ended(voice.text)
        return Reference(mel, convert_char_to_pinyin([text])[0], text, gain)


def _continued(reference: Reference, text: str) -> list[str]:
    """As if reference and text had been converted in one go: how a text begins depends on the character before it."""
    return reference.tokens[:-1] + list(convert_char_to_pinyin([reference.text[-1] + text])[0])


def _ended(text: str) -> str:
    """A reference that does not end with its sentence runs on into the first word."""
    if text.endswith(("。", "！", "？")):
        return text
    return f"{text} " if text.endswith((".", "!", "?")) else f"{text}. "


def _load_model(options: argparse.Namespace, dtype: torch.dtype) -> Any:
    arch = json.loads(options.arch.read_text()) if options.arch else BASE_ARCH
    vocab = options.vocab or files("f5_tts").joinpath("infer/examples/vocab.txt")
    characters, size = get_tokenizer(str(vocab), "custom")
    model = CFM(
        transformer=DiT(**arch, text_num_embeds=size, mel_dim=MELS),
        mel_spec_kwargs={
            "n_fft": 1024,
            "hop_length": HOP,
            "win_length": 1024,
            "n_mel_channels": MELS,
            "target_sample_rate": RATE,
            "mel_spec_type": "vocos",
        },
        odeint_kwargs={"method": "euler"},
        vocab_char_map=characters,
    )
    stored = {key.removeprefix("ema_model."): value for key, value in load_file(options.model).items()}
    # Counters of the training, and tables that the model makes itself.
    skipped = ("initted", "step", "mel_spec.mel_stft.mel_scale.fb", "mel_spec.mel_stft.spectrogram.window")
    model.load_state_dict({key: value for key, value in stored.items() if key not in skipped})
    return model.to(dtype).eval()


def _load_vocoder(folder: Path) -> Any:
    vocoder = Vocos.from_hparams(str(folder / "config.yaml"))
    vocoder.load_state_dict(torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True))
    return vocoder.eval()
