"""Where the payload of a window's halves stands in its buffer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sniffer.capture.records import Bools, Ints
from sniffer.flows.groups import Groups


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
    """The rows with payload of some halves, and the runs they make: rows without a hole or a repeat between them, all
    captured and in the buffer, or one row that is not.

    Of ``m`` halves: ``ordered``, ``seq``, ``length``, ``start``, ``stop``, ``runs``. Of ``r`` runs: ``run``,
    ``run_start``, ``run_stop``, ``held``. Of the ``p`` rows with payload: ``rows``, ``total``. Of the kept ones:
    ``offset``, ``begin``, ``end``, ``time``.
    """

    ordered: Bools
    """True when the half's payload is one run."""
    seq: Ints
    """First sequence number."""
    length: Ints
    """Bytes announced."""
    start: Ints
    """Where the half's kept rows begin; ``stop``: where they end."""
    stop: Ints
    runs: Ints
    """(m + 1) where each half's runs begin, and the end."""
    run: Ints
    """(r + 1) where each run's rows begin in ``rows``, and the end."""
    run_start: Ints
    """Where the run's kept rows begin; ``run_stop``: where they end."""
    run_stop: Ints
    held: Bools
    """False for a row whose bytes are not in the buffer, or not all of them."""
    rows: Ints
    """The sorted rows with payload."""
    total: Ints
    """(p + 1) bytes announced before each of them, and in all."""
    offset: Ints
    """Where its bytes stand in their run."""
    begin: Ints
    """Where its bytes begin in the buffer; ``end``: where they end."""
    end: Ints
    time: Ints

    def pieces(self, rows: slice | Ints) -> Pieces:
        """Some of the kept rows."""
        marks = list(zip(self.offset[rows].tolist(), self.time[rows].tolist(), strict=True))
        return Pieces(list(map(slice, self.begin[rows].tolist(), self.end[rows].tolist())), marks)


def payload_of(facts: Groups, most: int) -> Payload:
    """Where each half's payload is; ``most`` bytes of each run are kept."""
    columns = facts.columns
    rows = np.flatnonzero(columns.length > 0)
    bounds = np.searchsorted(rows, facts.half)
    seq, length, data = columns.seq[rows], columns.length[rows], columns.data[rows]
    unheld = columns.captured[rows] != length
    unheld |= data < 0
    jump = np.empty(len(rows), bool)
    jump[:1] = True
    np.not_equal(seq[1:], seq[:-1] + length[:-1].astype(np.uint32), out=jump[1:])
    jump |= unheld
    jump[1:] |= unheld[:-1]
    jump[bounds[:-1][bounds[:-1] < len(rows)]] = True
    run = np.append(np.flatnonzero(jump), len(rows))
    runs = np.searchsorted(run, bounds)
    held = ~unheld[run[:-1]]
    ordered = np.diff(runs) < 2
    ordered[ordered] &= np.append(held, True)[runs[:-1][ordered]] | (np.diff(runs)[ordered] == 0)
    offset = (seq - np.repeat(seq[run[:-1]], np.diff(run))).astype(np.int64)
    kept = ~unheld & (offset < most)
    where = np.concatenate(([0], np.cumsum(kept)))
    chosen = np.flatnonzero(kept)
    begin = data[chosen]
    total = np.concatenate(([0], np.cumsum(length)))
    first = np.append(seq, np.uint32(0))[bounds[:-1]]
    return Payload(
        ordered,
        first.astype(np.int64),
        total[bounds[1:]] - total[bounds[:-1]],
        where[bounds[:-1]],
        where[bounds[1:]],
        runs,
        run,
        where[run[:-1]],
        where[run[1:]],
        held,
        rows,
        total,
        offset[chosen],
        begin,
        begin + length[chosen],
        columns.time[rows[chosen]],
    )
