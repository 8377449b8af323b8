"""Makes a Whisper of random weights for CTranslate2, without torch: its own specification filled with numpy.

Real in all but size: 1 layer, 64 dimensions, every language and timestamp. What it says is noise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

DIM, HEADS, FEED_FORWARD, MELS, AUDIO_STATES, TEXT_STATES = 64, 2, 128, 80, 1500, 448
LANGUAGES = _LANGUAGE_CODES
ORDER = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES)]
ORDER += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]


def make_tiny_whisper(folder: Path) -> Path:
    folder.mkdir(parents=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"feature_size": MELS, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400})
    )
    start = tokenizer.token_to_id("<|startoftranscript|>") or 0
    tokens = [tokenizer.id_to_token(at) for at in range(tokenizer.get_vocab_size())]
    tokens += [f"<|{at * 0.02:.2f}|>" for at in range(1501)]
    spec = whisper_spec.WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, len(tokens), np.random.default_rng(7))
    # Random timestamps would send the decoder over the same window again and again.
    spec.config.suppress_ids = list(range(len(tokens) - 1501, len(tokens)))
    spec.config.suppress_ids_begin = [start - 1]
    spec.config.lang_ids = list(range(start + 1, start + 1 + len(LANGUAGES)))
    spec.config.alignment_heads = [(0, 0), (0, 1)]
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize(quantization="float32")
    spec.save(str(folder))
    return folder


def _tokenizer() -> Tokenizer:
    # The empty token just before <|endoftext|> is how CTranslate2 knows a multilingual model.
    symbols = [*sorted(pre_tokenizers.ByteLevel.alphabet()), ""]
    tokenizer = Tokenizer(models.BPE(vocab={symbol: at for at, symbol in enumerate(symbols)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in ORDER])
    return tokenizer


def _fill(spec: Any, vocabulary: int, random: np.random.Generator) -> None:
    def weights(*shape: int) -> Any:
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(DIM, np.float32), np.zeros(DIM, np.float32)

    def linear(layer: Any, outputs: int, inputs: int) -> None:
        layer.weight, layer.bias = weights(outputs, inputs), np.zeros(outputs, np.float32)

    def attention(layer: Any, sizes: list[int]) -> None:
        norm(layer.layer_norm)
        for one, outputs in zip(layer.linear, sizes, strict=True):
            linear(one, outputs, DIM)

    def block(layer: Any) -> None:
        attention(layer.self_attention, [3 * DIM, DIM])
        norm(layer.ffn.layer_norm)
        linear(layer.ffn.linear_0, FEED_FORWARD, DIM)
        linear(layer.ffn.linear_1, DIM, FEED_FORWARD)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(DIM, MELS, 3), np.zeros(DIM, np.float32)
    encoder.conv2.weight, encoder.conv2.bias = weights(DIM, DIM, 3), np.zeros(DIM, np.float32)
    encoder.position_encodings.encodings = weights(AUDIO_STATES, DIM)
    norm(encoder.layer_norm)
    decoder.embeddings.weight = weights(vocabulary, DIM)
    decoder.position_encodings.encodings = weights(TEXT_STATES, DIM)
    decoder.scale_embeddings = False
    decoder.projection.weight = decoder.embeddings.weight
    norm(decoder.layer_norm)
    for layer in encoder.layer:
        block(layer)
    for layer in decoder.layer:
        block(layer)
        attention(layer.attention, [DIM, 2 * DIM, DIM])
