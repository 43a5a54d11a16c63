"""Zeek's two forms of a log, ASCII (tab-separated, with a header) and JSON (one object a line), as fields by name.

The header may come again, with other fields, where logs were put together. Escapes are ``\\xHH`` in ASCII; an unset
field is absent; an empty set is an empty list.
"""

from __future__ import annotations

import re
from typing import Any

from sniffer.logs.errors import BadLine

Fields = dict[str, Any]
_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})|\\\\")
_NESTED = ("id", "certificate", "san")
"""Records that some shippers write as objects; Zeek itself writes ``id.orig_h``."""


class ZeekHeader:
    """Reads the lines of one ASCII log. What a line means hangs on the header lines before it."""

    def __init__(self) -> None:
        self._separator = "\t"
        self._set_separator = ","
        self._unset = "-"
        self._empty = "(empty)"
        self.names: tuple[str, ...] = ()
        self._lists: frozenset[int] = frozenset()

    def read(self, line: str) -> Fields | None:
        """The fields of a line; None for a line of the header. Raises BadLine."""
        if line.startswith("#"):
            self._header(line)
            return None
        if not self.names:
            raise BadLine("no #fields stands before it")
        values = line.split(self._separator)
        if len(values) != len(self.names):
            raise BadLine(f"{len(values)} fields instead of {len(self.names)}")
        return {
            name: self._list(value) if place in self._lists else unescaped(value)
            for place, (name, value) in enumerate(zip(self.names, values, strict=True))
            if value != self._unset
        }

    def _header(self, line: str) -> None:
        if line.startswith("#separator "):
            self._separator = unescaped(line.removeprefix("#separator ")) or "\t"
            return
        word, *values = line.split(self._separator)
        if word == "#fields":
            self.names, self._lists = tuple(values), frozenset()
        elif word == "#types":
            self._lists = frozenset(place for place, kind in enumerate(values) if kind.startswith(("set[", "vector[", "table[")))
        elif word == "#set_separator" and values:
            self._set_separator = values[0] or ","
        elif word == "#empty_field" and values:
            self._empty = values[0]
        elif word == "#unset_field" and values:
            self._unset = values[0]

    def _list(self, value: str) -> list[str]:
        if value == self._empty:
            return []
        return [unescaped(item) for item in value.split(self._set_separator)]


def unescaped(value: str) -> str:
    """The value with its escapes undone. Bytes that are no UTF-8 come as U+FFFD."""
    if "\\" not in value:
        return value
    raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\\", value)
    try:
        return raw.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # it holds plain UTF-8 beside the escapes
        return raw


def flat(line: dict[str, Any]) -> Fields:
    """A JSON line's fields under Zeek's own dotted names; null is absent."""
    fields: Fields = {}
    for name, value in line.items():
        if name in _NESTED and isinstance(value, dict):
            fields |= {f"{name}.{inner}": item for inner, item in value.items() if item is not None}
        elif value is not None:
            fields[name] = value
    return fields
