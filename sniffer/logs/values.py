"""Foreign values, from TSV (text) or JSON (typed), as ours. None stands for what is not logged. Each raises BadLine."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from sniffer.logs.errors import BadLine

SECOND = 1_000_000_000
_LATEST = (1 << 63) - 1
"""In the year 2262: what a database and a column of times can hold."""
_MILLISECONDS = 100_000_000_000
"""Zeek's JSON::TS_MILLIS writes whole milliseconds: as seconds they would lie beyond the year 5000."""
_SECONDS = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9})[0-9]*)?")
_DIGITS = re.compile("[0-9]{1,19}")


def moment(value: Any) -> int | None:
    """Nanoseconds since the epoch of epoch seconds (text or number), milliseconds (whole number) or ISO 8601 text;
    a time without a zone is UTC."""
    if value is None:
        return None
    found = _text_moment(value) if isinstance(value, str) else _number_moment(value)
    if not 0 <= found <= _LATEST:
        raise BadLine(f"{value!r:.40} is no time")
    return found


def _text_moment(text: str) -> int:
    if "T" not in text:
        return _nanoseconds(text)
    try:
        parsed = datetime.fromisoformat(text)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return int(aware.replace(microsecond=0).timestamp()) * SECOND + aware.microsecond * 1000
    except (ValueError, OverflowError) as error:
        raise BadLine(f"{text!r:.40} is no time") from error


def _number_moment(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > _MILLISECONDS:
        return value * 1_000_000
    return _nanoseconds(value)


def interval(value: Any) -> int | None:
    """Nanoseconds of seconds."""
    return None if value is None else _nanoseconds(value)


def _nanoseconds(value: Any) -> int:
    if isinstance(value, str):
        match = _SECONDS.fullmatch(value)
        if match is None:
            raise BadLine(f"{value!r:.40} is no number of seconds")
        nanoseconds = int(match[2]) * SECOND + int((match[3] or "").ljust(9, "0"))
        return -nanoseconds if match[1] else nanoseconds
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > _MILLISECONDS:
        raise BadLine(f"{value!r:.40} is no number of seconds")
    return round(value * 1_000_000) * 1000


def whole(value: Any) -> int | None:
    """A whole number that is not negative."""
    if value is None:
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise BadLine(f"{value!r:.40} is no whole number")
    return value


def port(value: Any) -> int:
    number = whole(value)
    if number is None or number > 0xFFFF:
        raise BadLine(f"{value!r:.40} is no port")
    return number


def address(value: Any) -> str:
    """The address in its usual form."""
    try:
        if isinstance(value, str):
            return str(ip_address(value.partition("%")[0]))
    except ValueError:
        pass
    raise BadLine(f"{value!r:.60} is no address")


def boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if value in ("T", "F"):
        return bool(value == "T")
    raise BadLine(f"{value!r:.40} is neither T nor F")


def text(value: Any, limit: int = 512) -> str | None:
    """Text, clipped; None when it is empty."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadLine(f"{value!r:.40} is no text")
    return value[:limit] or None


def texts(value: Any, most: int = 1000) -> tuple[str, ...]:
    """A list of texts."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadLine(f"{value!r:.40} is no list of texts")
    return tuple(value[:most])


def mapping(value: Any) -> dict[str, Any]:
    """An object; an empty one when nothing is logged."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadLine(f"{value!r:.40} is no object")
    return value
