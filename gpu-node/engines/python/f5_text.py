"""Cuts a text into what F5-TTS makes at once: a short first piece, so that sound leaves soon, then sentences. Pure.

Lengths are UTF-8 bytes: F5 gives each byte of a text its share of the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MIN_FIRST_BYTES = 10
"""F5 speaks shorter texts badly; a first clause that short takes the next one along."""
LATER_BYTES = 120
"""One or two sentences: enough melody, and made well before the piece before it is over."""

_CLAUSE_END = re.compile(r"(?<=[;:,.!?])\s+|(?<=[；：，、。！？…])|\n+")
_SENTENCE_END = tuple(".!?。！？…")


def pieces(text: str, max_bytes: int) -> list[str]:
    """In order, each of at most `max_bytes`; nothing is lost but blanks at the cuts."""
    clauses = [part for clause in _CLAUSE_END.split(text) if clause.strip() for part in _fitting(clause, max_bytes)]
    made: list[str] = []
    for clause in clauses:
        joined = _join(made[-1], clause) if made else clause
        if made and _size(joined) <= max_bytes and _takes_more(made[-1], is_first=len(made) == 1, joined=joined):
            made[-1] = joined
        else:
            made.append(clause)
    return made


def is_speakable(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _takes_more(piece: str, *, is_first: bool, joined: str) -> bool:
    if _size(piece) < MIN_FIRST_BYTES:
        return True
    if is_first:
        return False
    return _size(joined) <= LATER_BYTES or not piece.endswith(_SENTENCE_END)


def _fitting(clause: str, max_bytes: int) -> Iterator[str]:
    """A clause without punctuation for too long is cut at a blank, or else between two characters."""
    rest = clause.strip()
    while _size(rest) > max_bytes:
        head = rest.encode()[:max_bytes].decode(errors="ignore")
        at = head.rfind(" ")
        cut = at if at > len(head) // 2 else len(head)
        yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if rest:
        yield rest


def _join(left: str, right: str) -> str:
    return f"{left} {right}" if left[-1].isascii() or right[0].isascii() else left + right


def _size(text: str) -> int:
    return len(text.encode())
