"""Joins pieces of speech, in order, with an equal-power cross-fade, and gives out what can no longer change. Pure."""

from __future__ import annotations

import numpy as np

from harness.pcm import Samples

FADE_S = 0.03
"""Between 20 and 50 ms: hides the seam and swallows no consonant."""


class CrossFade:
    def __init__(self, rate: int) -> None:
        self._length = round(FADE_S * rate)
        self._tail: Samples = np.zeros(0, np.float32)

    def push(self, piece: Samples) -> Samples:
        """All but the end, which waits for the next piece."""
        joined = self._joined(piece)
        kept = max(0, len(joined) - self._length)
        self._tail = joined[kept:]
        return joined[:kept]

    def flush(self) -> Samples:
        tail, self._tail = self._tail, np.zeros(0, np.float32)
        return tail

    def _joined(self, piece: Samples) -> Samples:
        length = min(len(self._tail), len(piece))
        if length == 0:
            return np.concatenate([self._tail, piece])
        angle = (np.arange(length, dtype=np.float32) + 0.5) / length * (np.pi / 2)
        start = len(self._tail) - length
        faded = self._tail[start:] * np.cos(angle) + piece[:length] * np.sin(angle)
        return np.concatenate([self._tail[:start], faded, piece[length:]]).astype(np.float32)
