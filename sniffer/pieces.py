"""Pieces of bytes as reassembly keeps them: in order of their offset, and none overlaps another. The first copy of a byte
wins."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

P = TypeVar("P", bound=tuple[Any, ...])
"""Offset, bytes, and whatever else belongs to a piece."""


def offset_of(piece: P) -> int:
    """A piece's offset, to search by."""
    found: int = piece[0]
    return found


def overlapping(pieces: Sequence[P], at: int, end: int) -> Sequence[P]:
    """The pieces that hold bytes from ``at`` to ``end``. The time does not grow with those that don't."""
    begin = bisect_right(pieces, at, key=offset_of)
    if begin and pieces[begin - 1][0] + len(pieces[begin - 1][1]) > at:
        begin -= 1
    return pieces[begin : bisect_left(pieces, end, begin, key=offset_of)]


def uncovered(covers: Iterable[tuple[int, bytes]], at: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts of ``data``, which stands ``at`` there, that none of these pieces covers; all of them overlap it."""
    begin, end = at, at + len(data)
    for first, held in covers:
        if first > begin:
            yield begin, data[begin - at : first - at]
        begin = first + len(held)
    if begin < end:
        yield begin, data[begin - at :]
