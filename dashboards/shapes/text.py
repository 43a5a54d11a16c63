"""Numbers, times and foreign text as pages print them. Everything foreign is also escaped by the templates."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

NARROW = "\u202f"
"""Narrow no-break space: between thousands, and between a figure and its unit."""
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def number(value: float | int | None) -> str:
    """12 431 with narrow spaces; an em dash for None."""
    return "—" if value is None else f"{value:,.0f}".replace(",", NARROW)


def percent(share: float | None) -> str:
    """A share 0 … 1 in per cent with the digits that it bears: never 0 % for what isn't 0, nor 100 % for what isn't 1."""
    if share is None:
        return "—"
    value = share * 100
    if 0 < value < 0.1:
        return f"<{NARROW}0.1{NARROW}%"
    if 99.9 < value < 100:
        return f">{NARROW}99.9{NARROW}%"
    digits = 0 if value in (0, 100) else 1
    return f"{value:.{digits}f}{NARROW}%"


def count(value: int, one: str, many: str = "") -> str:
    """ "1 path", "2 paths"."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def size(value: int | None) -> str:
    """Bytes in the unit that keeps three digits."""
    amount, place = float(value or 0), 0
    while amount >= 1000 and place < len(UNITS) - 1:
        amount, place = amount / 1024, place + 1
    digits = 0 if place == 0 or amount >= 10 else 1
    return f"{amount:.{digits}f}{NARROW}{UNITS[place]}"


def duration(nanoseconds: int | None) -> str:
    if nanoseconds is None:
        return "—"
    seconds = nanoseconds / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.0f}{NARROW}ms"
    if seconds < 120:
        return f"{seconds:.1f}{NARROW}s"
    return f"{seconds / 60:.0f}{NARROW}min"


def month(value: datetime | None) -> str:
    """The month of a time, as an incident's window is one: ``November 2026``."""
    return f"{value.astimezone(UTC):%B %Y}" if value else ""


def moment(value: datetime | None) -> str:
    """2026-11-24 08:15, UTC; an em dash for None."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "—"


def day(value: datetime | None) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d") if value else "—"


def ago(value: datetime | None, now: datetime) -> str:
    """ "3 h ago", for the eye; pages keep the exact time beside it."""
    if value is None:
        return "—"
    seconds = max(0.0, (now - value).total_seconds())
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f}{NARROW}{name} ago"
    return f"{seconds / 86400:.0f} days ago"


def visible(value: Any) -> str:
    """Foreign text with nothing invisible in it: control characters as their pictures (␍), bidirectional overrides,
    zero-width and private characters as ⟨U+202E⟩."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"⟨U+{code:04X}⟩" if unicodedata.category(character) in INVISIBLE else character
