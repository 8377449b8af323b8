"""Reads the fields of a request, JSON or form or query alike. An error names the field and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .fault import invalid, too_large


class Fields:
    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str, max_chars: int) -> str | None:
        """None where it is absent, null or blank."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise invalid(name, "must be text")
        if len(value) > max_chars:
            raise too_large(name, f"{max_chars} characters")
        return value.strip() or None

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        value = self._values.get(name)
        if value is None or value == "":
            return default
        if value not in allowed:
            raise invalid(name, f"must be one of {', '.join(allowed)}")
        return str(value)

    def number(self, name: str, low: float, high: float, default: float) -> float:
        value = self._values.get(name)
        if value is None or value == "":
            return default
        try:
            number = math.nan if isinstance(value, bool) else float(str(value))
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise invalid(name, f"must be a number from {low:g} to {high:g}")
        return number

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if value in (None, "", "false", "0", False):
            return False
        if value in ("true", "1", True):
            return True
        raise invalid(name, "must be true or false")
