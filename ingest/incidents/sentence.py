"""Counts and times as people read them. Countries stay codes."""

from __future__ import annotations

from datetime import datetime
from math import floor, log10

from ingest.incidents.wilson import lower


def share_text(affected: int, total: int, what: str = "session") -> str:
    """``12 of 12 sessions (at least 75 %)``: no share without its count and bound."""
    return f"{affected:,} of {counted(total, what)} (at least {percent(lower(affected, total))})"


def percent(share: float) -> str:
    """Rounded down, as it stands behind "at least": whole per cents, below one two digits."""
    if share >= 0.01:
        return f"{floor(share * 100)} %"
    if share <= 0:
        return "0 %"
    digits = 1 - floor(log10(share * 100))
    return f"{floor(share * 100 * 10**digits) / 10**digits:.{digits}f} %"


def minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
