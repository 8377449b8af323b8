"""How a text is cut for F5-TTS, and how the pieces are joined again."""

from __future__ import annotations

import random

import numpy as np
import pytest
from cross_fade import FADE_S, CrossFade
from f5_text import LATER_BYTES, MIN_FIRST_BYTES, is_speakable, pieces

CUTS = {
    "one clause": ("Hello there", ["Hello there"]),
    "a short first clause takes the next": ("Hi, how are you? Fine.", ["Hi, how are you?", "Fine."]),
    "the first leaves alone": ("Well then, let us see. And more.", ["Well then,", "let us see. And more."]),
    "Chinese": ("你好。今天天氣很好，我們走吧！", ["你好。今天天氣很好，", "我們走吧！"]),
    "a short text": ("好的。", ["好的。"]),
    "lines": ("First line here\nsecond line here", ["First line here", "second line here"]),
    "decimals and times stay whole": ("It costs 3.50 at 10:30 today", ["It costs 3.50 at 10:30 today"]),
    "nothing": (" \n ", []),
}


@pytest.mark.parametrize("name", CUTS)
def test_cuts(name: str) -> None:
    """[PYT1] the first piece is the first clause of ten bytes or more, and later ones are sentences"""
    text, expected = CUTS[name]
    assert pieces(text, 400) == expected


def test_any_text() -> None:
    """[PYT2] whatever the text, no piece is over the bound and nothing but blanks is lost"""
    chance = random.Random(5)
    letters = "ab , .!?，。！？…：\n你好世界éé 😀"
    for _ in range(2_000):
        text = "".join(chance.choices(letters, k=chance.randrange(0, 200)))
        bound = chance.randrange(16, 200)
        made = pieces(text, bound)
        assert all(0 < len(piece.encode()) <= bound for piece in made)
        assert "".join("".join(made).split()) == "".join(text.split())


def test_sizes() -> None:
    """[PYT1] later pieces grow to a sentence or two and no further"""
    text = " ".join(["A sentence of some words."] * 40)
    made = pieces(text, 400)
    assert len(made[0].encode()) >= MIN_FIRST_BYTES
    assert all(LATER_BYTES // 2 < len(piece.encode()) <= LATER_BYTES for piece in made[1:-1])


def test_speakable() -> None:
    """[PYT3] a text without a letter or a digit is silence"""
    assert [is_speakable(text) for text in ("…", "?!", "a", "好", "7")] == [False, False, True, True, True]


def test_cross_fade() -> None:
    """[PYT4] pieces overlap by 20 to 50 ms at equal power, in order, and nothing else of them changes"""
    rate = 1_000
    length = round(FADE_S * rate)
    assert 0.02 <= FADE_S <= 0.05
    noise = np.random.default_rng(1).standard_normal((3, 50_000)).astype(np.float32)
    fade = CrossFade(rate)
    parts = [fade.push(piece) for piece in noise]
    joined = np.concatenate([*parts, fade.flush()])
    assert len(joined) == noise.size - 2 * length
    assert len(parts[0]) == len(noise[0]) - length
    assert np.array_equal(joined[: len(noise[0]) - length], noise[0][:-length])
    assert np.array_equal(joined[len(noise[0]) : len(noise[0]) + 100], noise[1][length : length + 100])
    assert len(fade.flush()) == 0


def test_equal_power() -> None:
    """[PYT4] two voices that have nothing in common are as loud in the seam as before it"""
    rate, fade_power, count = 10_000, [], 400
    random_numbers = np.random.default_rng(2)
    for _ in range(count):
        fade = CrossFade(rate)
        fade.push(random_numbers.standard_normal(400).astype(np.float32))
        seam = fade.push(random_numbers.standard_normal(400).astype(np.float32))[: round(FADE_S * rate)]
        fade_power.append(seam**2)
    power = np.mean(fade_power, axis=0)
    assert abs(power.mean() - 1) < 0.02
    assert abs(power[len(power) // 2 - 30 : len(power) // 2 + 30].mean() - 1) < 0.05


def test_tiny_pieces() -> None:
    """[PYT4] pieces shorter than the fade are kept, too"""
    fade = CrossFade(1_000)
    parts = [fade.push(np.ones(size, np.float32)) for size in (10, 5, 0, 40)]
    assert sum(map(len, [*parts, fade.flush()])) == 10 + 5 + 40 - 5 - 10
