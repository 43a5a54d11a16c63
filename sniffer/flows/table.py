"""Open connections between windows, and the rules by which connections begin and end.

A connection ends by a reset or both sides' FIN (plus ``linger``), by silence, by a SYN of another connection between
the same ends, or when the table is full. An ended one leaves a tombstone, so that a late duplicate doesn't start
another. Rules look at packets and capture time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sniffer.capture.records import Octets
from sniffer.flows.flow import End, Flow
from sniffer.flows.groups import MOST_ROWS, Groups, Payload, group, payload_of
from sniffer.flows.unanswered import MOST_PACKETS, Unanswered
from sniffer.packets.columns import FIN, RST, SYN, Aside, Columns
from sniffer.settings import EngineSettings
from sniffer.weird import Weird

_FLOW_COST = 2000
_KEEP = 0.8
"""Share of the cap that is left in use when flows have to go."""

Tombstone = tuple[int, int | None, int | None]
"""When the connection ended, and both sides' first sequence numbers."""


@dataclass(slots=True)
class _Window:
    """One window's groups as lists, for the loop over flows."""

    facts: Groups
    payload: Payload
    raw: memoryview
    aside: Aside


class FlowTable:
    """All state between windows."""

    def __init__(self, settings: EngineSettings, weird: Weird) -> None:
        self._settings = settings
        self._weird = weird
        self._live: dict[int, Flow] = {}
        self._tombs: dict[int, Tombstone] = {}
        self._unanswered = Unanswered(settings, weird)
        self._now = -(1 << 62)
        self._most = max(16, settings.flow_memory // _FLOW_COST)
        self._ended: list[Flow] = []

    def __len__(self) -> int:
        return len(self._live)

    def process(self, columns: Columns, aside: Aside, buffer: Octets) -> Iterator[Flow]:
        """Take a window's segments; yield the connections that ended, in order of their end."""
        for start in range(0, len(columns), MOST_ROWS // 2):
            part = columns.pick(slice(start, start + MOST_ROWS // 2)) if len(columns) > MOST_ROWS // 2 else columns
            yield from self._process(part, aside, buffer)

    def _process(self, columns: Columns, aside: Aside, buffer: Octets) -> Iterator[Flow]:
        self._now = max(self._now, int(columns.time.max()))
        columns, aside = self._unanswered.before(columns, aside)
        settings = self._settings
        facts = group(columns, settings.syn_timeout, settings.linger)
        keys = facts.columns.key[facts.flow[:-1]]
        known = np.isin(keys, np.fromiter((*self._live, *self._tombs), np.uint64, len(self._live) + len(self._tombs)))
        silent = (facts.payload == 0) & ~known & (np.diff(facts.flow) <= MOST_PACKETS)
        busy = np.flatnonzero(~silent)
        if len(busy):
            window = _Window(facts, payload_of(facts, max(settings.client_head, settings.server_head)), buffer.data, aside)
            yield from self._flows(window, keys[busy].tolist(), busy.tolist())
        self._unanswered.hold(facts, silent, buffer, aside, self._now)
        yield from self._expire()

    def _flows(self, window: _Window, keys: list[int], flows: list[int]) -> Iterator[Flow]:
        facts = window.facts
        orderly, syn = facts.orderly.tolist(), facts.syn.tolist()
        start = facts.columns.time[facts.first].tolist()
        settings, live, tombs = self._settings, self._live, self._tombs
        taker = _Taker(window, settings, self._weird)
        for key, index in zip(keys, flows, strict=True):
            flow = live.get(key)
            if orderly[index] and (key not in tombs if flow is None else self._goes_on(flow, syn[index], start[index])):
                if flow is None:
                    flow = live[key] = taker.begin(key, index)
                taker.take(flow, index)
            else:
                self._replay(taker, key, index)
            if len(live) > self._most:
                yield from self._evict()

    def _goes_on(self, flow: Flow, syn: bool, start: int) -> bool:
        """True when an orderly group can only be more of this flow."""
        sides = flow.sides
        return (
            not syn
            and flow.closed is None
            and sides[0].fin is None
            and sides[1].fin is None
            and abs(start - flow.last) <= self._settings.syn_timeout
        )

    def _replay(self, taker: _Taker, key: int, index: int) -> None:
        """Packet by packet, in capture order."""
        for row, side, seq, ack, flags, length, time in taker.rows(index):
            flow = self._flow_for(key, side, seq, ack, flags, time)
            if flow is None:
                tomb = self._tombs.get(key)
                if tomb is not None:
                    if not _outlived(tomb, side, seq, flags, time, self._settings.tombstone):
                        self._weird.after_close += 1
                        continue
                    del self._tombs[key]
                flow = self._live[key] = taker.begin_at(key, row)
            elif flow.closed is not None and time - flow.closed > self._settings.linger:
                self._weird.after_close += 1
                continue
            flow.add(side, seq, ack, flags, length, taker.data(row), time, self._weird)

    def _flow_for(self, key: int, side: int, seq: int, ack: int, flags: int, time: int) -> Flow | None:
        """The live flow a packet belongs to; ends it when the packet shows that it is over."""
        flow = self._live.get(key)
        if flow is None:
            return None
        over = self._is_over(flow, time) or (flags & SYN and flow.begins_anew(side, seq, ack, flags))
        if over:
            self._end(flow)
            self._tombs.pop(key, None)
            return None
        return flow

    def _is_over(self, flow: Flow, time: int) -> bool:
        """True when a packet at ``time`` comes too late to belong to the flow or to its aftermath."""
        settings = self._settings
        if flow.closed is not None:
            return time - flow.closed > settings.tombstone if flow.payload else time - flow.last > settings.linger
        return abs(time - flow.last) > (settings.syn_timeout if flow.unanswered else settings.idle_timeout)

    def _may_go(self, flow: Flow, now: int) -> bool:
        """True when no packet from ``now`` on can add to the flow."""
        if flow.closed is not None and flow.payload:
            return now - flow.closed > self._settings.linger
        return self._is_over(flow, now)

    def _end(self, flow: Flow) -> None:
        del self._live[flow.key]
        if not flow.payload:
            self._weird.no_payload += 1
            self._weird.syn_timeout += flow.unanswered and flow.closed is None
            return
        if flow.closed is not None:
            self._tombs[flow.key] = flow.closed, flow.sides[0].isn, flow.sides[1].isn
        self._ended.append(flow)

    def _expire(self) -> Iterator[Flow]:
        """End what is over at the window's last time."""
        now = self._now
        quick = min(self._settings.linger, self._settings.syn_timeout)
        over = [flow for flow in self._live.values() if now - flow.last > quick and self._may_go(flow, now)]
        for flow in over:
            self._end(flow)
        if len(self._live) * (_FLOW_COST + self._settings.client_head + self._settings.server_head) > self._settings.flow_memory:
            yield from self._evict()
        old = now - self._settings.tombstone
        self._tombs = {key: tomb for key, tomb in self._tombs.items() if tomb[0] >= old}
        yield from self._drain()

    def _drain(self) -> Iterator[Flow]:
        ended, self._ended = self._ended, []
        ended.sort(key=_end_of)
        yield from ended

    def _evict(self) -> Iterator[Flow]:
        """Make room: the emptiest flows go first."""
        held = sum(flow.held for flow in self._live.values())
        room = self._settings.flow_memory
        if held <= room and len(self._live) <= self._most:
            return
        spare = held - int(room * _KEEP)
        surplus = len(self._live) - int(self._most * _KEEP)
        for flow in sorted(self._live.values(), key=_fullness):
            if spare <= 0 and surplus <= 0:
                break
            spare -= flow.held
            surplus -= 1
            self._weird.evicted += 1
            self._end(flow)
        yield from self._drain()

    def finish(self) -> Iterator[Flow]:
        """The capture is over: all that is open ends."""
        for flow in list(self._live.values()):
            self._end(flow)
        self._unanswered.forget()
        yield from self._drain()


def _end_of(flow: Flow) -> int:
    return flow.last if flow.closed is None else flow.closed


def _fullness(flow: Flow) -> int:
    return min(flow.sides[0].held, flow.sides[1].held) << 20 | min(flow.held, (1 << 20) - 1)


def _outlived(tomb: Tombstone, side: int, seq: int, flags: int, time: int, lifetime: int) -> bool:
    """True when a packet after a connection's end is the start of another."""
    closed, *isn = tomb
    return time - closed > lifetime or (flags & SYN != 0 and isn[side] != seq)


class _Taker:
    """Moves groups of a window into flows."""

    def __init__(self, window: _Window, settings: EngineSettings, weird: Weird) -> None:
        facts, payload = window.facts, window.payload
        columns = facts.columns
        self.window = window
        self.settings = settings
        self.weird = weird
        self._flow = facts.flow.tolist()
        self._half = facts.half.tolist()
        self._half_of = facts.half_of.tolist()
        lead = facts.half[:-1]
        self._side = columns.side[lead].tolist()
        self._flags = np.bitwise_or.reduceat(columns.flags, lead).tolist()
        self._lead_flags = columns.flags[lead].tolist()
        self._first = facts.first.tolist()
        self._begin = np.minimum.reduceat(columns.time, facts.flow[:-1]).tolist()
        self._last = np.maximum.reduceat(columns.time, facts.flow[:-1]).tolist()
        self._ordered = payload.ordered.tolist()
        self._seq = payload.seq.tolist()
        self._length = payload.length.tolist()

    def begin(self, key: int, index: int) -> Flow:
        """A new flow for a group."""
        return self.begin_at(key, self._first[index])

    def begin_at(self, key: int, row: int) -> Flow:
        """A new flow that a row's packet begins."""
        columns = self.window.facts.columns
        source, size = int(columns.source[row]), 4 if columns.family[row] == 4 else 16
        ends = self.window.raw[source : source + 2 * size] if source >= 0 else self.window.aside.ends[-1 - source]
        sender: End = bytes(ends[:size]), int(columns.source_port[row])
        receiver: End = bytes(ends[size : 2 * size]), int(columns.destination_port[row])
        both = (receiver, sender) if columns.side[row] else (sender, receiver)
        return Flow(key, both, int(columns.time[row]), int(columns.vlan[row]), int(columns.interface[row]), self.settings)

    def take(self, flow: Flow, index: int) -> None:
        """All packets of an orderly group."""
        flow.first = min(flow.first, self._begin[index])
        flow.last = max(flow.last, self._last[index])
        halves = range(self._half_of[index], self._half_of[index + 1])
        ends = 0
        for half in halves:
            side, start = self._side[half], self._half[half]
            flow.sides[side].packets += self._half[half + 1] - start
            if self._lead_flags[half] & SYN:
                columns = self.window.facts.columns
                flow.opened(side, int(columns.seq[start]), int(columns.ack[start]), self._lead_flags[half])
            ends |= self._flags[half]
        for half in halves:
            if self._length[half]:
                self._payload(flow, half)
        if ends & (FIN | RST):
            self._close(flow, index)

    def _payload(self, flow: Flow, half: int) -> None:
        direction = flow.sides[self._side[half]]
        if self._ordered[half]:
            payload = self.window.payload
            start, stop = payload.start[half], payload.stop[half]
            raw = self.window.raw
            data = b"" if direction.full else b"".join([raw[begin:end] for begin, end in payload.spans[start:stop]])
            if direction.extend(self._seq[half], self._length[half], data, payload.marks[start:stop]):
                return
        start, stop = self._half[half], self._half[half + 1]
        columns = self.window.facts.columns
        rows = (np.flatnonzero(columns.length[start:stop]) + start).tolist()
        for row in rows:
            direction.add(
                int(columns.seq[row]), int(columns.length[row]), self.data(row), int(columns.flags[row]), int(columns.time[row]), self.weird
            )

    def _close(self, flow: Flow, index: int) -> None:
        start, stop = self._flow[index], self._flow[index + 1]
        columns = self.window.facts.columns
        rows = np.flatnonzero(columns.flags[start:stop] & (FIN | RST)) + start
        if len(rows) > 1:
            rows = rows[np.argsort(self.window.facts.row[rows])]
        for row in rows.tolist():
            side, flags, time = int(columns.side[row]), int(columns.flags[row]), int(columns.time[row])
            if flags & FIN:
                flow.finished(side, int(columns.seq[row]) + int(columns.length[row]) & 0xFFFFFFFF, time)
            if flags & RST:
                flow.was_reset(side, time)

    def rows(self, index: int) -> list[tuple[int, int, int, int, int, int, int]]:
        """(row, side, seq, ack, flags, length, time) of a group's packets in capture order."""
        columns = self.window.facts.columns
        start, stop = self._flow[index], self._flow[index + 1]
        rows = np.argsort(self.window.facts.row[start:stop]) + start
        picked = (columns.side, columns.seq, columns.ack, columns.flags, columns.length, columns.time)
        return list(zip(rows.tolist(), *(column[rows].tolist() for column in picked), strict=True))

    def data(self, row: int) -> bytes:
        """The captured payload of a row."""
        columns = self.window.facts.columns
        at, size = int(columns.data[row]), int(columns.captured[row])
        return bytes(self.window.raw[at : at + size]) if at >= 0 else self.window.aside.data[-1 - at]
