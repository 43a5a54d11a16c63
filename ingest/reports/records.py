"""Rows that can be walked any number of times without holding them as objects.

A report of 100,000 rows as structs costs 100 MiB; as compressed blocks of JSON it costs a few. Blocks are JSON so
that printing a report copies them out as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec
import zstandard

RowT = TypeVar("RowT", bound=msgspec.Struct)

BLOCK_ROWS = 1_000


class Records(Generic[RowT]):
    """Rows of one type, in order. Equal when the rows are equal."""

    __slots__ = ("_blocks", "_count", "_kind", "_tail")

    def __init__(self, kind: type[RowT], rows: Iterable[RowT] = ()) -> None:
        self._kind = kind
        self._blocks: list[bytes] = []
        self._tail: list[RowT] = []
        self._count = 0
        for row in rows:
            self.append(row)

    def append(self, row: RowT) -> None:
        """Only while the report is being read."""
        self._tail.append(row)
        self._count += 1
        if len(self._tail) >= BLOCK_ROWS:
            block = zstandard.compress(msgspec.json.encode(self._tail), 1)
            self._blocks.append(bytes(memoryview(block)))  # what the library gives still holds the room it compressed into
            self._tail.clear()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RowT]:
        for block in self.batches():
            yield from block

    def batches(self) -> Iterator[list[RowT]]:
        """The rows in lists of at most ``BLOCK_ROWS``."""
        if self._blocks:
            decoder = msgspec.json.Decoder(list[self._kind])  # type: ignore[name-defined]
            for block in self._blocks:
                yield decoder.decode(zstandard.decompress(block))
        if self._tail:
            yield list(self._tail)

    def json_blocks(self) -> Iterator[bytes]:
        """The rows as JSON, comma-separated, without the list's brackets."""
        comma = b""
        for block in self._blocks:
            yield comma + zstandard.decompress(block)[1:-1]
            comma = b","
        if self._tail:
            yield comma + msgspec.json.encode(self._tail)[1:-1]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Records):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Records({self._count} × {self._kind.__name__})"
