"""Foreign JSON values, checked against the schema table: each becomes a store value or a clear complaint."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ingest.store.schema import Dataset, Field

MAX_KEYWORD = 8_192
"""Characters kept of a keyword: longer ones are cut, as no store indexes them."""
MAX_INTEGER = 2**63 - 1


def flatten(nested: Mapping[str, Any], dataset: Dataset, prefix: str = "") -> Iterator[tuple[Field | None, str, Any]]:
    """Walk a nested (or dotted) object: (field, its dotted name, value) each; the field is None where the schema has none."""
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if dataset.has(name):
            if value is not None:
                yield dataset.field(name), name, value
        elif isinstance(value, Mapping):
            yield from flatten(value, dataset, f"{name}.")
        else:
            yield None, name, value


def checked(field: Field, value: Any) -> Any:
    """The value as the field's type wants it. Raises ValueError saying what it is instead."""
    return _CHECKS[field.type](value)


def _keyword(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is wanted, not {value!r:.60}")
    return storable(value)[:MAX_KEYWORD]


def storable(text: str) -> str:
    """Text that every store takes: no NUL, no lone surrogates (each replaced by U+FFFD)."""
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _keywords(value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"a list of texts is wanted, not {value!r:.60}")
    return [_keyword(item) for item in value]


def _ip(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"an address is wanted, not {value!r:.60}")
    return str(ipaddress.ip_address(value))


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
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def _json(value: Any) -> Any:
    return value


_CHECKS = {
    "keyword": _keyword,
    "keywords": _keywords,
    "ip": _ip,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "json": _json,
}
