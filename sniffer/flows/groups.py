"""A window's segments sorted by flow and direction, with the facts of each as arrays.

A radix sort by 15 bits of key and the side groups nearly everything and keeps capture order; flows that share these
bits are sorted by 64-bit words (43 bits of key, side, row). The rest is prefix sums. ``orderly`` flows can be taken in
whole; the others are replayed packet by packet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints
from sniffer.packets.columns import ACK, FIN, RST, SYN, Columns

_COARSE_BITS = 15
_ROW_BITS = 20
MOST_ROWS = 1 << _ROW_BITS
NEVER = np.iinfo(np.int64).max


@dataclass(slots=True)
class Groups:
    """``n`` flows, ``m`` halves (a flow's one or two sides), rows sorted by flow, side, time of capture."""

    columns: Columns
    """In sorted order."""
    row: Ints
    """Each sorted row's place in the window."""
    flow: Ints
    """(n + 1) where each flow's rows begin, and the end."""
    half: Ints
    """(m + 1) where each half's rows begin, and the end."""
    half_of: Ints
    """(n + 1) each flow's first half."""
    first: Ints
    """(n) the sorted row that came first."""
    payload: Ints
    """(n) rows with payload."""
    syn: Bools
    """(n) has a SYN."""
    earliest: Ints
    """(n) time of the first packet, and ``latest`` of the last."""
    latest: Ints
    orderly: Bools
    """(n) no pause, no SYN but at the start, nothing long after the end."""


def group(columns: Columns, pause: int, linger: int) -> Groups:
    """Sort at most ``MOST_ROWS`` segments. ``pause`` and ``linger`` in nanoseconds: silence longer than ``pause``
    or packets later than ``linger`` after a FIN or RST make a flow not orderly."""
    row, flow_starts = _sorted(columns)
    columns = columns.pick(row)
    n = len(row)
    side_change = np.empty(n, bool)
    side_change[0] = True
    np.not_equal(columns.side[1:], columns.side[:-1], out=side_change[1:])
    side_change[flow_starts] = True
    half = np.append(np.flatnonzero(side_change), n)
    flow = np.append(flow_starts, n)
    half_of = np.searchsorted(half, flow)
    first = _first(row, half[:-1], half_of)
    syn = columns.flags & SYN != 0
    facts = Groups(
        columns,
        row,
        flow,
        half,
        half_of,
        first,
        count_of(columns.length > 0, flow),
        count_of(syn, flow) > 0,
        np.minimum.reduceat(columns.time, flow_starts),
        np.maximum.reduceat(columns.time, flow_starts),
        np.empty(0, bool),
    )
    facts.orderly = _orderly(facts, syn, pause, linger)
    return facts


def _sorted(columns: Columns) -> tuple[Ints, Ints]:
    """Rows in order of flow, side and capture, and where flows begin among them."""
    coarse = (columns.key >> np.uint64(64 - _COARSE_BITS)).astype(np.uint16)
    row = np.argsort(coarse << np.uint16(1) | columns.side, kind="stable")
    key, coarse = columns.key.take(row), coarse.take(row)
    changes = key[1:] != key[:-1]
    mixed = changes & (coarse[1:] == coarse[:-1])
    if mixed.any():
        shared = np.zeros(1 << _COARSE_BITS, bool)
        shared[coarse[1:][mixed]] = True
        places = np.flatnonzero(shared.take(coarse))
        row[places] = _sorted_by_key(columns, row[places])
        key = columns.key.take(row)
        changes = key[1:] != key[:-1]
    return row, np.flatnonzero(np.concatenate(([True], changes)))


def _sorted_by_key(columns: Columns, rows: Ints) -> Ints:
    """These rows in order of flow, side and capture."""
    key = columns.key[rows]
    word = (key >> np.uint64(_ROW_BITS + 1)) << np.uint64(_ROW_BITS + 1)
    word |= columns.side[rows].astype(np.uint64) << np.uint64(_ROW_BITS)
    word |= rows.astype(np.uint64)
    word.sort()
    row = (word & np.uint64(MOST_ROWS - 1)).astype(np.int64)
    key, fine = columns.key[row], word >> np.uint64(_ROW_BITS + 1)
    if ((key[1:] != key[:-1]) & (fine[1:] == fine[:-1])).any():  # two flows share 43 bits: sort by all 64
        row.sort()
        row = row[np.lexsort((columns.side[row], columns.key[row]))]
    return row


def _first(row: Ints, half: Ints, half_of: Ints) -> Ints:
    """The sorted row of each flow that stands first in the window."""
    lead = half[half_of[:-1]]
    other = half[half_of[1:] - 1]
    return np.where(row[lead] <= row[other], lead, other)


def count_of(mask: npt.NDArray[np.bool_], starts: Ints) -> Ints:
    """How many rows of each group (n + 1 starts) are true."""
    total = np.concatenate(([0], np.cumsum(mask)))
    counts: Ints = total[starts[1:]] - total[starts[:-1]]
    return counts


def _orderly(facts: Groups, syn: Bools, pause: int, linger: int) -> Bools:
    columns, flow, half = facts.columns, facts.flow, facts.half
    step = np.abs(np.diff(columns.time)) > pause
    step[half[1:-1] - 1] = False
    paused = np.append(step, False)
    late = syn.copy()
    late[half[:-1]] = False  # a SYN that is not its side's first packet
    late |= syn & (columns.length > 0)
    bad = count_of(paused | late, flow) > 0
    begins = columns.time[half[:-1]]
    lead, other = facts.half_of[:-1], facts.half_of[1:] - 1
    bad |= np.abs(begins[lead] - begins[other]) > pause
    bad |= facts.syn & ~syn[facts.first]
    bad |= _at_odds(columns, half[lead], half[other])
    closing = np.flatnonzero(columns.flags & (FIN | RST))
    if len(closing):
        owner = np.searchsorted(flow, closing, "right") - 1
        end = np.full(len(flow) - 1, NEVER)
        np.minimum.at(end, owner, columns.time[closing])
        ended = end != NEVER
        bad[ended] |= facts.latest[ended] - end[ended] > linger
    return ~bad


def _at_odds(columns: Columns, one: Ints, other: Ints) -> Bools:
    """Where both sides begin with a SYN, and neither is the other's answer."""
    syn, ack = columns.flags & SYN != 0, columns.flags & ACK != 0
    answered = ack[one] & (columns.ack[one] == columns.seq[other] + np.uint32(1))
    answers = ack[other] & (columns.ack[other] == columns.seq[one] + np.uint32(1))
    single = ack[one] != ack[other]
    odd: Bools = syn[one] & syn[other] & (one != other) & ~(single & (answered | answers))
    return odd
