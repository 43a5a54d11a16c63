"""Nanoseconds since the epoch as RFC 3339 text."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_SECOND = 1_000_000_000
_LATEST = 253402300799
"""The last second of the year 9999: damaged captures claim later ones."""


def rfc3339(at: int) -> str:
    """UTC with microseconds, always six digits: ``2026-11-24T10:00:00.000001Z``."""
    if at < _SECOND:
        return f"{_second(str(at // _SECOND))}{at % _SECOND // 1000:06d}Z"
    digits = str(at)  # cutting the number's own digits is twice as fast as dividing and printing it
    return _second(digits[:-9]) + digits[-9:-3] + "Z"


@lru_cache(4096)
def _second(seconds: str) -> str:
    at = min(max(int(seconds), 0), _LATEST)
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
