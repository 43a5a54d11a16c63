"""Foreign JSON values, checked against the schema table: each becomes a store value or a clear complaint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ingest.store.network import canonical_address
from ingest.store.schema import Dataset, FieldType

MAX_KEYWORD = 8_192
"""Characters kept of a keyword: longer ones are cut, as no store indexes them."""
MAX_INTEGER = 2**63 - 1


Shape: TypeAlias = Mapping[str, bool]
"""The dotted names that a dataset knows: True for a field, False for an object that holds fields."""


def shape_of(dataset: Dataset) -> Shape:
    """Made once for many documents."""
    names = [field.name for field in dataset.fields]
    parents = {name[:end] for name in names for end, letter in enumerate(name) if letter == "."}
    return {**dict.fromkeys(parents, False), **dict.fromkeys(names, True)}


def flatten(nested: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """A nested (or dotted) object by the schema's dotted names; what the schema lacks, and null, is left out."""
    flat: dict[str, Any] = {}
    _gather(nested, shape, "", flat)
    return flat


def _gather(nested: Mapping[str, Any], shape: Shape, prefix: str, flat: dict[str, Any]) -> None:
    for key, value in nested.items():
        name = prefix + key
        is_field = shape.get(name)
        if is_field is None or value is None:
            continue
        if is_field:
            flat[name] = value
        elif isinstance(value, dict):
            _gather(value, shape, name + ".", flat)


def _keyword(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is wanted, not {value!r:.60}")
    return storable(value)[:MAX_KEYWORD]


def storable(text: str) -> str:
    """Text that every store takes: no NUL, no lone surrogates (each replaced by U+FFFD)."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _keywords(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"a list of texts is wanted, not {value!r:.60}")
    return [_keyword(item) for item in value]


def _ip(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"an address is wanted, not {value!r:.60}")
    return canonical_address(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ValueError(f"a whole number is wanted, not {value!r:.60}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number is wanted, not {value!r:.60}")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"true or false is wanted, not {value!r:.60}")
    return value


def _date(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"an RFC 3339 time is wanted, not {value!r:.60}")
    parsed = datetime.fromisoformat(value)
    if parsed.tzinfo is UTC:
        return parsed
    try:
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("a time outside the years 1 to 9999") from None


def _json(value: Any) -> Any:
    return value


CHECKS: dict[FieldType, Callable[[Any], Any]] = {
    "keyword": _keyword,
    "keywords": _keywords,
    "ip": _ip,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "json": _json,
}
"""Field type → the value as that type wants it, or a ValueError that says what it is instead."""
