"""Reading tshark's JSON: a tree of fields, each with a twin ``NAME_raw`` of (hex, position, length, mask, type).

A field that comes once is a string, one that comes often a list; so is its twin. Branches have names for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Node = dict[str, Any]
_PASSED_OVER = frozenset(("tls.handshake.certificate_tree",))
"""What is inside a certificate is read from its bytes; its branches are most of a handshake's JSON."""


class Raw(NamedTuple):
    """A field's bytes and where they stand in the packet, or in what was reassembled."""

    data: bytes
    at: int
    size: int


class Fields:
    """A branch and all below it: looked through once, then known by field names."""

    def __init__(self, node: Node) -> None:
        self._found: dict[str, list[Any]] = {}
        self._take(node)

    def _take(self, node: Node) -> None:
        found = self._found
        for name, value in node.items():
            found.setdefault(name, []).append(value)
            if type(value) is dict:
                if name not in _PASSED_OVER:
                    self._take(value)
            elif type(value) is list and name[-4:] != "_raw" and name not in _PASSED_OVER:
                for each in value:
                    if type(each) is dict:
                        self._take(each)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def texts(self, name: str) -> list[str]:
        """A field's texts in order."""
        return [value for found in self._found.get(name, ()) for value in listed(found) if isinstance(value, str)]

    def numbers(self, name: str) -> list[int]:
        """A field's values as numbers, decimal or 0x…; what is none is left out."""
        return [number for text in self.texts(name) if (number := as_number(text)) is not None]

    def number(self, name: str) -> int | None:
        """A field's first value as a number."""
        return next(iter(self.numbers(name)), None)

    def raws(self, name: str) -> list[Raw]:
        """A field's bytes in order."""
        return [raw for found in self._found.get(f"{name}_raw", ()) for raw in raws_of(found)]

    def raw(self, name: str) -> bytes | None:
        """A field's first bytes."""
        return next((found.data for found in self.raws(name)), None)


def nodes(node: Node, name: str) -> list[Node]:
    """The branches of that name directly below."""
    return [value for value in listed(node.get(name)) if isinstance(value, dict)]


def raws_of(value: Any) -> Iterator[Raw]:
    """The bytes in a twin's value: of one field or of several."""
    if not isinstance(value, list) or not value:
        return
    if isinstance(value[0], str):
        try:
            yield Raw(bytes.fromhex(value[0]), int(value[1]), int(value[2]))
        except (ValueError, TypeError, IndexError):
            return  # bits of a byte have a single digit
    else:
        for each in value:
            yield from raws_of(each)


def listed(value: Any) -> list[Any]:
    """A value that may be missing, one, or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_number(text: Any) -> int | None:
    """ "25" or "0x0019" as a number; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return int(text, 16 if text[:2] == "0x" else 10)
    except ValueError:
        return None
