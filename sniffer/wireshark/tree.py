"""Reading tshark's JSON: a tree of fields, each with a twin ``NAME_raw`` of (hex, position, length, mask, type).

A field that comes once is a string, one that comes often a list; so is its twin. Branches have names for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Node = dict[str, Any]


class Raw(NamedTuple):
    """A field's bytes and where they stand in the packet, or in what was reassembled."""

    data: bytes
    at: int
    size: int


def nodes(node: Node, name: str) -> list[Node]:
    """The branches of that name directly below."""
    return [value for value in _listed(node.get(name)) if isinstance(value, dict)]


def values(node: Node, name: str) -> list[str]:
    """A field's texts, however deep it lies, in order."""
    return [value for found in _search(node, name) for value in _listed(found) if isinstance(value, str)]


def number(node: Node, name: str) -> int | None:
    """A field's first value as a number, decimal or 0x…"""
    return next(iter(numbers(node, name)), None)


def numbers(node: Node, name: str) -> list[int]:
    """A field's values as numbers; what is none is left out."""
    return [int(value, 0) for value in values(node, name) if _is_number(value)]


def raws(node: Node, name: str) -> list[Raw]:
    """A field's bytes, however deep it lies, in order."""
    return [raw for found in _search(node, f"{name}_raw") for raw in _raws(found)]


def raw(node: Node, name: str) -> bytes | None:
    """A field's first bytes."""
    return next((found.data for found in raws(node, name)), None)


def _raws(value: Any) -> Iterator[Raw]:
    if not isinstance(value, list) or not value:
        return
    if isinstance(value[0], str):
        try:
            yield Raw(bytes.fromhex(value[0]), int(value[1]), int(value[2]))
        except (ValueError, TypeError, IndexError):
            return  # bits of a byte have a single digit
    else:
        for each in value:
            yield from _raws(each)


def _search(node: Any, name: str) -> Iterator[Any]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed([each for each in one if isinstance(each, dict | list)]))
            continue
        if name in one:
            yield one[name]
        waiting.extend(reversed([value for value in one.values() if isinstance(value, dict | list)]))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_number(text: str) -> bool:
    digits = text[2:] if text[:2] == "0x" else text
    base = "0123456789abcdefABCDEF" if text[:2] == "0x" else "0123456789"
    return bool(digits) and all(digit in base for digit in digits) and (text[:2] == "0x" or len(digits) == 1 or digits[0] != "0")
