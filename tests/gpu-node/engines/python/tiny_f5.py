"""Makes an F5-TTS checkpoint and a Vocos of random weights, and voices of noise: real in all but size and sense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from f5_engine import MELS
from f5_tts.model import CFM, DiT
from f5_tts.model.utils import convert_char_to_pinyin, get_tokenizer
from safetensors.torch import save_file
from vocos import Vocos

from harness.pcm import write_pcm16, write_wav

ARCH = {"dim": 64, "depth": 1, "heads": 2, "dim_head": 32, "ff_mult": 2, "text_dim": 32, "conv_layers": 1}
VOICE_TEXT = "A few plain words. 這是一段錄音。"
VOCOS = f"""\
feature_extractor:
  class_path: vocos.feature_extractors.MelSpectrogramFeatures
  init_args: {{sample_rate: 24000, n_fft: 1024, hop_length: 256, n_mels: {MELS}, padding: center}}
backbone:
  class_path: vocos.models.VocosBackbone
  init_args: {{input_channels: {MELS}, dim: 32, intermediate_dim: 64, num_layers: 1}}
head:
  class_path: vocos.heads.ISTFTHead
  init_args: {{dim: 32, n_fft: 1024, hop_length: 256, padding: center}}
"""


def make_tiny_f5(folder: Path) -> list[str]:
    """The flags that f5_tts_worker.py takes for it."""
    folder.mkdir(parents=True)
    torch.manual_seed(7)
    letters = [
        " ",
        *(chr(code) for code in range(33, 127)),
        *sorted(set(convert_char_to_pinyin(["你好這是一段錄音。"])[0])),
    ]
    vocab, arch, model = folder / "vocab.txt", folder / "arch.json", folder / "tiny.safetensors"
    vocab.write_text("".join(f"{one}\n" for one in dict.fromkeys(letters)), encoding="utf-8")
    arch.write_text(json.dumps(ARCH))
    characters, size = get_tokenizer(str(vocab), "custom")
    mel = {"n_fft": 1024, "hop_length": 256, "win_length": 1024, "n_mel_channels": MELS, "target_sample_rate": 24_000}
    transformer = DiT(**ARCH, text_num_embeds=size, mel_dim=MELS)
    # F5 starts with an output of zeros; then no step would change anything, and the text nothing.
    torch.nn.init.normal_(transformer.proj_out.weight, std=0.05)
    flow = CFM(transformer=transformer, mel_spec_kwargs={**mel, "mel_spec_type": "vocos"}, vocab_char_map=characters)
    save_file({f"ema_model.{key}": value.contiguous() for key, value in flow.state_dict().items()}, model)
    vocoder = folder / "vocos"
    vocoder.mkdir()
    (vocoder / "config.yaml").write_text(VOCOS)
    torch.save(Vocos.from_hparams(str(vocoder / "config.yaml")).state_dict(), vocoder / "pytorch_model.bin")
    voices = folder / "voices"
    voices.mkdir()
    write_voice(voices, "ada", seconds=2.0)
    write_voice(voices, "bo", seconds=3.0)
    given = {"model": model, "arch": arch, "vocab": vocab, "vocoder": vocoder, "voices": voices}
    return [word for name, path in given.items() for word in (f"--{name}", str(path))]


def write_voice(folder: Path, name: str, *, seconds: float, text: str = VOICE_TEXT) -> None:
    (folder / f"{name}.wav").write_bytes(noise_wav(seconds, 24_000))
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def noise_wav(seconds: float, rate: int, seed: int = 7) -> bytes:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate)) * 0.1
    return write_wav(write_pcm16(samples.astype(np.float32)), rate)
