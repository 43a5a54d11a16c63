"""Where the payload of a window's halves stands in its buffer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sniffer.capture.records import Bools, Ints
from sniffer.flows.groups import Groups, count_of


@dataclass(slots=True)
class Pieces:
    """Pieces of payload, each one packet's, as plain lists: looking up single NumPy values costs ten times as much."""

    places: list[slice]
    """Where each piece stands in the buffer."""
    marks: list[tuple[int, int]]
    """Each piece's offset in its half, and its time."""

    def data(self, raw: memoryview, start: int = 0, stop: int | None = None) -> bytes:
        """The bytes of some pieces, one after the other."""
        return b"".join(map(raw.__getitem__, self.places[start:stop]))


@dataclass(slots=True)
class Payload:
    """The rows with payload of some halves, compressed. ``start`` and ``stop`` (m): each half's rows that are kept."""

    ordered: Bools
    """(m) True when the half's payload is whole, in order and without repeats."""
    seq: Ints
    """(m) first sequence number."""
    length: Ints
    """(m) bytes announced."""
    start: Ints
    stop: Ints
    offset: Ints
    """Of each kept row: where its bytes stand in their half."""
    begin: Ints
    """Of each kept row: where its bytes begin in the buffer; ``end``: where they end."""
    end: Ints
    time: Ints

    def pieces(self, rows: slice | Ints) -> Pieces:
        """Some of the kept rows."""
        marks = list(zip(self.offset[rows].tolist(), self.time[rows].tolist(), strict=True))
        return Pieces(list(map(slice, self.begin[rows].tolist(), self.end[rows].tolist())), marks)


def payload_of(facts: Groups, most: int) -> Payload:
    """Where each half's payload is, as far as it is in order; ``most`` bytes of each are kept."""
    columns = facts.columns
    rows = np.flatnonzero(columns.length > 0)
    bounds = np.searchsorted(rows, facts.half)
    seq, length, data = columns.seq[rows], columns.length[rows], columns.data[rows]
    broken = columns.captured[rows] != length
    broken |= data < 0
    if len(rows) > 1:
        jump = (seq[1:] - seq[:-1]) != length[:-1].astype(np.uint32)
        inner = bounds[(bounds > 0) & (bounds < len(rows))]
        jump[inner - 1] = False
        broken[1:] |= jump
    ordered = count_of(broken, bounds) == 0
    counts = np.diff(bounds)
    head = np.where(counts > 0, bounds[:-1], 0)
    first = seq[head] if len(rows) else np.zeros(len(counts), np.uint32)
    offset = (seq - np.repeat(first, counts)).astype(np.int64)
    kept = np.repeat(ordered, counts) & (offset < most)
    where = np.concatenate(([0], np.cumsum(kept)))
    chosen = np.flatnonzero(kept)
    begin = data[chosen]
    total = np.concatenate(([0], np.cumsum(length)))
    return Payload(
        ordered,
        first.astype(np.int64),
        total[bounds[1:]] - total[bounds[:-1]],
        where[bounds[:-1]],
        where[bounds[1:]],
        offset[chosen],
        begin,
        begin + length[chosen],
        columns.time[rows[chosen]],
    )
