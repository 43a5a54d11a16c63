"""Moves a window's groups into flows: whole where a group is orderly, packet by packet where it is not.

All that the loop over flows asks for is made into plain lists first, a column at a time: looking up single NumPy
values costs ten times as much.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Ints
from sniffer.flows.direction import Direction
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
    packets: int
    run: int
    """Its first run of payload, and where they end."""
    run_end: int


class _Run(NamedTuple):
    seq: int
    length: int
    """Payload bytes announced."""
    held: bool
    piece: int
    """Its first kept piece, and where they end."""
    piece_end: int
    row: int
    """Its first row in ``Payload.rows``, and where they end."""
    row_end: int


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
        halves, half_of = _members(facts.half_of, busy)
        runs, run_of = _members(payload.runs, halves)
        self._halves = self._list_halves(halves, run_of)
        self._runs = self._list_runs(runs)
        self.groups = self._list_groups(busy, half_of)

    def _list_groups(self, busy: Ints, half_of: Ints) -> list[Group]:
        facts, columns = self._facts, self._columns
        bounds = self._list_closing(busy)
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
            half_of[:-1],
            half_of[1:],
            bounds[:-1],
            bounds[1:],
        )
        return list(map(Group._make, zip(*(value.tolist() for value in values), strict=True)))

    def _list_closing(self, busy: Ints) -> Ints:
        """List the packets with FIN or RST in capture order; (n + 1) where each group's begin, and the end."""
        facts, columns = self._facts, self._columns
        closing = np.flatnonzero(columns.flags & (FIN | RST))
        flow = np.searchsorted(facts.flow, closing, "right") - 1
        group = np.searchsorted(busy, flow)
        mine = busy[np.minimum(group, len(busy) - 1)] == flow
        closing, group = closing[mine], group[mine]
        closing = closing[np.lexsort((facts.row[closing], group))]
        end = columns.seq[closing] + columns.length[closing].astype(np.uint32)
        self._closing = list(
            zip(columns.side[closing].tolist(), columns.flags[closing].tolist(), end.tolist(), columns.time[closing].tolist(), strict=True)
        )
        return np.searchsorted(group, np.arange(len(busy) + 1))

    def _list_halves(self, halves: Ints, run_of: Ints) -> list[_Half]:
        columns, starts = self._columns, self._facts.half[halves]
        values = (
            columns.side[starts].tolist(),
            columns.flags[starts].tolist(),
            columns.seq[starts].tolist(),
            columns.ack[starts].tolist(),
            (self._facts.half[halves + 1] - starts).tolist(),
            run_of[:-1].tolist(),
            run_of[1:].tolist(),
        )
        return list(map(_Half._make, zip(*values, strict=True)))

    def _list_runs(self, runs: Ints) -> list[_Run]:
        payload = self._payload
        first, last = payload.run[runs], payload.run[runs + 1]
        values: tuple[npt.NDArray[Any], ...] = (
            self._columns.seq[payload.rows[first]],
            payload.total[last] - payload.total[first],
            payload.held[runs],
            payload.run_start[runs],
            payload.run_stop[runs],
            first,
            last,
        )
        return list(map(_Run._make, zip(*(value.tolist() for value in values), strict=True)))

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
            flow.sides[half.side].packets += half.packets
            if half.flags & SYN:
                flow.opened(half.side, half.seq, half.ack, half.flags)
        for half in halves:
            for run in self._runs[half.run : half.run_end]:
                self._take_run(flow.sides[half.side], run)
        for side, flags, end, time in self._closing[group.closing : group.closing_end]:
            if flags & FIN:
                flow.finished(side, end, time)
            if flags & RST:
                flow.was_reset(side, time)

    def _take_run(self, direction: Direction, run: _Run) -> None:
        """A run of payload: at one go where it goes on with what is there."""
        if run.held and direction.goes_on(run.seq):
            last, room = run.piece_end, direction.room
            if run.length > room:
                last = run.piece + int(np.searchsorted(self._payload.offset[run.piece : last], room))
            pieces = self._payload.pieces(slice(run.piece, last))
            direction.extend(run.seq, run.length, pieces.data(self._raw), pieces.marks)
            return
        columns, rows = self._columns, self._payload.rows[run.row : run.row_end]
        picked = (columns.seq, columns.length, columns.flags, columns.time)
        for row, seq, length, flags, time in zip(rows.tolist(), *(column[rows].tolist() for column in picked), strict=True):
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


def _members(bounds: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """The members of some of the groups that ``bounds`` (n + 1) parts, and where those of each begin, and the end."""
    first, counts = bounds[chosen], bounds[chosen + 1] - bounds[chosen]
    own = np.concatenate(([0], np.cumsum(counts)))
    return np.arange(own[-1]) + np.repeat(first - own[:-1], counts), own
