"""One canonical form a value, so that both stores hold, compare and give back the same.

keyword     str, valid Unicode, at most 32,766 bytes of UTF-8 (Lucene's longest term)
keywords    list of such, in their order; an empty list is an absent field
ip          canonical text (see ``network``)
integer     int within ±2**53, which every store, JSON and a browser hold exactly
number      finite float, no negative zero
boolean     bool
date        aware datetime in UTC, microseconds, years 1 to 9999
json        whatever JSON can say
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingest.store.network import canonical_address
from ingest.store.schema import FieldType

MAX_KEYWORD_BYTES = 32_766
MAX_INTEGER = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def canonical(type_: FieldType, value: Any) -> Any:
    """The value in its canonical form; None for an empty list. Raises ValueError with a sentence that says what is wrong."""
    return CANONICAL[type_](value)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(count: int) -> datetime:
    """The inverse of ``micros``. Raises OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=count)


def floor_millisecond(moment: datetime) -> datetime:
    """What ``min`` and ``max`` of a date answer."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def date_text(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits of a second, four of the year."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def date_from_text(text: str) -> datetime:
    """An RFC 3339 date and time, or a date alone (its midnight, UTC). Raises ValueError without a time zone."""
    moment = datetime.fromisoformat(text)
    if len(text) == len("2026-11-24"):
        return moment.replace(tzinfo=UTC)
    return _date(moment)


def _keyword(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_kind(value)} where text belongs")
    if value.isascii() and len(value) <= MAX_KEYWORD_BYTES:
        return value
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("text that is not Unicode") from None
    if size > MAX_KEYWORD_BYTES:
        raise ValueError(f"text of {size} bytes, more than {MAX_KEYWORD_BYTES}")
    return value


def _keywords(value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{_kind(value)} where a list of texts belongs")
    return [_keyword(item) for item in value] or None


def _ip(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_kind(value)} where an address belongs")
    return canonical_address(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{_kind(value)} where an integer belongs")
    if abs(value) > MAX_INTEGER:
        raise ValueError("an integer beyond 2**53")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_kind(value)} where a number belongs")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("a number beyond a double") from None
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number + 0.0


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_kind(value)} where true or false belongs")
    return value


def _date(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f"{_kind(value)} where a date belongs")
    if value.tzinfo is None:
        raise ValueError("a date without a time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a date outside the years 1 to 9999") from None


def _json(value: Any) -> Any:
    try:
        return orjson.loads(orjson.dumps(value))
    except orjson.JSONEncodeError as error:
        raise ValueError(f"not JSON: {error}") from None


def _kind(value: Any) -> str:
    return type(value).__name__


CANONICAL: dict[FieldType, Callable[[Any], Any]] = {
    "keyword": _keyword,
    "keywords": _keywords,
    "ip": _ip,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "json": _json,
}
"""Field type → what ``canonical`` does for it, for those who look the field up once for many documents."""
