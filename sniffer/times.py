"""Nanoseconds since the epoch as RFC 3339 text."""

from __future__ import annotations

from datetime import UTC, datetime

from sniffer.remembered import Memory

_SECOND = 1_000_000_000
_LATEST = 253402300799
"""The last second of the year 9999: damaged captures claim later ones."""


def rfc3339(at: int) -> str:
    """UTC with microseconds, always six digits: ``2026-11-24T10:00:00.000001Z``."""
    if at < _SECOND:
        return f"{_seconds[str(at // _SECOND)]}{at % _SECOND // 1000:06d}Z"
    digits = str(at)  # cutting the number's own digits is twice as fast as dividing and printing it
    return _seconds[digits[:-9]] + digits[-9:-3] + "Z"


class _Seconds(Memory[str, str]):
    """Text of the seconds met so far: a dictionary answers in half the time of a cached function."""

    def __missing__(self, seconds: str) -> str:
        at = min(max(int(seconds), 0), _LATEST)
        return self.keep(seconds, datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S."))


_KEPT = 4096
_seconds = _Seconds(_KEPT)
