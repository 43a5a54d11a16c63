"""Moves a window's groups into flows: whole where a group is orderly, packet by packet where it is not.

All that the loop over flows asks for is made into plain lists first, a column at a time: looking up single NumPy
values costs ten times as much.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Ints
from sniffer.flows.flow import End, Flow
from sniffer.flows.groups import Groups
from sniffer.flows.payload import Payload
from sniffer.packets.columns import FIN, RST, SYN, Aside
from sniffer.settings import EngineSettings
from sniffer.weird import Weird


class Group(NamedTuple):
    """One flow's packets in one window."""

    key: int
    number: int
    """Which of the window's groups."""
    orderly: bool
    syn: bool
    row: int
    """The sorted row of the first packet; ``start`` is its time."""
    start: int
    earliest: int
    latest: int
    halves: int
    """Its first half, and where they end."""
    halves_end: int
    closing: int
    """Its first packet with FIN or RST, and where they end."""
    closing_end: int


class _Half(NamedTuple):
    side: int
    flags: int
    """Of the first packet, as are ``seq`` and ``ack``."""
    seq: int
    ack: int
    row: int
    row_end: int
    ordered: bool
    first: int
    """First sequence number of payload."""
    length: int
    """Payload bytes announced."""
    piece: int
    piece_end: int


class Taker:
    """Some groups of one window (``busy``, ascending), of those flows that are not held back."""

    def __init__(
        self, facts: Groups, busy: Ints, payload: Payload, raw: memoryview, aside: Aside, settings: EngineSettings, weird: Weird
    ) -> None:
        self._facts = facts
        self._columns = facts.columns
        self._raw = raw
        self._aside = aside
        self._settings = settings
        self._weird = weird
        self._payload = payload
        self._first_half, self._halves_end = facts.half_of.item(busy[0]), facts.half_of.item(busy[-1] + 1)
        self._halves = self._list_halves()
        self.groups = self._list_groups(busy)

    def _list_groups(self, busy: Ints) -> list[Group]:
        facts, columns = self._facts, self._columns
        starts = facts.flow[:-1]
        closing = np.flatnonzero(columns.flags & (FIN | RST))
        closing = closing[np.lexsort((facts.row[closing], np.searchsorted(starts, closing, "right")))]
        bounds = np.searchsorted(np.sort(closing), facts.flow)
        end = columns.seq[closing] + columns.length[closing].astype(np.uint32)
        self._closing = list(
            zip(columns.side[closing].tolist(), columns.flags[closing].tolist(), end.tolist(), columns.time[closing].tolist(), strict=True)
        )
        first = facts.first[busy]
        values: tuple[npt.NDArray[Any], ...] = (
            columns.key[first],
            busy,
            facts.orderly[busy],
            facts.syn[busy],
            first,
            columns.time[first],
            facts.earliest[busy],
            facts.latest[busy],
            facts.half_of[:-1][busy] - self._first_half,
            facts.half_of[1:][busy] - self._first_half,
            bounds[:-1][busy],
            bounds[1:][busy],
        )
        return list(map(Group._make, zip(*(value.tolist() for value in values), strict=True)))

    def _list_halves(self) -> list[_Half]:
        columns, payload, these = self._columns, self._payload, slice(self._first_half, self._halves_end)
        starts = self._facts.half[:-1][these]
        values = (
            columns.side[starts].tolist(),
            columns.flags[starts].tolist(),
            columns.seq[starts].tolist(),
            columns.ack[starts].tolist(),
            starts.tolist(),
            self._facts.half[1:][these].tolist(),
            payload.ordered[these].tolist(),
            payload.seq[these].tolist(),
            payload.length[these].tolist(),
            payload.start[these].tolist(),
            payload.stop[these].tolist(),
        )
        return list(map(_Half._make, zip(*values, strict=True)))

    def begin(self, group: Group) -> Flow:
        """A new flow that a group's first packet begins."""
        return self.begin_at(group.key, group.row)

    def begin_at(self, key: int, row: int) -> Flow:
        """A new flow that a row's packet begins."""
        columns = self._columns
        source, size = columns.source.item(row), 4 if columns.family.item(row) == 4 else 16
        ends = bytes(self._raw[source : source + 2 * size]) if source >= 0 else self._aside.ends[-1 - source].tobytes()
        sender: End = ends[:size], columns.source_port.item(row)
        receiver: End = ends[size : 2 * size], columns.destination_port.item(row)
        both = (receiver, sender) if columns.side.item(row) else (sender, receiver)
        return Flow(key, both, columns.time.item(row), columns.vlan.item(row), columns.interface.item(row), self._settings)

    def take(self, flow: Flow, group: Group) -> None:
        """All packets of an orderly group."""
        flow.first = min(flow.first, group.earliest)
        flow.last = max(flow.last, group.latest)
        halves = self._halves[group.halves : group.halves_end]
        for half in halves:
            flow.sides[half.side].packets += half.row_end - half.row
            if half.flags & SYN:
                flow.opened(half.side, half.seq, half.ack, half.flags)
        for half in halves:
            if half.length:
                self._take_payload(flow, half)
        for side, flags, end, time in self._closing[group.closing : group.closing_end]:
            if flags & FIN:
                flow.finished(side, end, time)
            if flags & RST:
                flow.was_reset(side, time)

    def _take_payload(self, flow: Flow, half: _Half) -> None:
        direction = flow.sides[half.side]
        if half.ordered:
            pieces = self._payload.pieces(slice(half.piece, half.piece if direction.full else half.piece_end))
            if direction.extend(half.first, half.length, pieces.data(self._raw), pieces.marks):
                return
        columns, rows = self._columns, slice(half.row, half.row_end)
        picked = (columns.seq, columns.length, columns.flags, columns.time)
        for row, (seq, length, flags, time) in enumerate(zip(*(column[rows].tolist() for column in picked), strict=True), half.row):
            if length:
                direction.add(seq, length, self.data(row), flags, time, self._weird)

    def packets(self, group: Group) -> list[tuple[int, int, int, int, int, int, int]]:
        """(row, side, seq, ack, flags, length, time) of a group's packets in capture order."""
        columns = self._columns
        start, stop = self._facts.flow[group.number], self._facts.flow[group.number + 1]
        rows = np.argsort(self._facts.row[start:stop]) + start
        picked = (columns.side, columns.seq, columns.ack, columns.flags, columns.length, columns.time)
        return list(zip(rows.tolist(), *(column[rows].tolist() for column in picked), strict=True))

    def data(self, row: int) -> bytes:
        """The captured payload of a row."""
        at, size = self._columns.data.item(row), self._columns.captured.item(row)
        return bytes(self._raw[at : at + size]) if at >= 0 else self._aside.data[-1 - at]
