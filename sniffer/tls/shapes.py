"""What a hello has in common with others of the same software: all but random, session id, key share, ticket and name.

Hellos of one shape say the same, so one that came before need not be taken apart again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import msgspec

_numbers = count(1)


class Shape(msgspec.Struct, frozen=True, gc=False):
    """The bytes that have to be the same. ``number`` is given once in a process."""

    number: int
    fixed: tuple[tuple[int, int, bytes], ...]
    """Where they stand, and what they are."""

    def fits(self, body: bytes) -> bool:
        """True when these bytes of a hello are the same. Its length is known to be."""
        for begin, end, fixed in self.fixed:  # noqa: SIM110  a generator would cost more than the comparing
            if body[begin:end] != fixed:
                return False
        return True


Spans = dict[int, tuple[int, int]]


def shape_of(body: bytes, position: int, extensions_at: int, kinds: Sequence[int], varied: Mapping[int, int]) -> tuple[Shape, Spans]:
    """The shape of a hello, and where the content of its ``varied`` extensions stands (of each all but so many bytes).
    ``position``: what stands behind the session id; ``extensions_at``: the block of extensions, which is known to fill
    the hello to its end."""
    edges = [0, 2, position]
    spans: Spans = {}
    at = extensions_at + 2
    for kind in kinds:
        content, size = at + 4, body[at + 2] << 8 | body[at + 3]
        at = content + size
        if kind in varied:
            spans[kind] = content + min(varied[kind], size), at
            edges += spans[kind]
    edges.append(len(body))
    fixed = zip(edges[::2], edges[1::2], strict=True)
    return Shape(next(_numbers), tuple((begin, end, body[begin:end]) for begin, end in fixed if begin < end)), spans
