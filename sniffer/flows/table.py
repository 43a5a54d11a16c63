"""Open connections between windows, and the rules by which connections begin and end.

A connection ends by a reset or both sides' FIN (plus ``linger``), by silence, by a SYN of another connection between
the same ends, or when the table is full. An ended one leaves a tombstone, so that a late duplicate doesn't start
another. Rules look at packets and capture time only.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints, Octets
from sniffer.flows.flow import COST, PIECE, Flow
from sniffer.flows.groups import Groups, group
from sniffer.flows.payload import Payload, payload_of
from sniffer.flows.taker import Group, Taker
from sniffer.flows.tombstones import Tombstone, Tombstones, is_among
from sniffer.flows.unanswered import MOST_PACKETS, Unanswered
from sniffer.flows.whole import WholeFlow, WholeFlows
from sniffer.packets.columns import ACK, SYN, Aside, Columns, join, no_aside
from sniffer.settings import EngineSettings
from sniffer.weird import Weird

_ASIDE = 0.2
"""Share of the cap for what a window of small packets costs beside the flows."""
_KEEP = 0.6
"""Share of the rest that is left in use when flows have to go."""
_AT_ONCE = 1 << 16
"""Segments of a window that are taken at once: a window of ordinary mail has about as many."""
_GROUPS = 8192
"""Groups of a window listed at once: a flood's window has as many as packets."""

_CARRIED = 1 << 15
"""Segments kept for the next window at most; ``_CARRIED_OF_ONE``: of one connection."""
_CARRIED_OF_ONE = 512
Ended = Flow | WholeFlow


class Handover:
    """Which connections a table keeps following after it handed over, and when each of the others began."""

    def __init__(self, cut: int, owned: set[int]) -> None:
        self._cut = cut
        self._owned = owned
        self.released: dict[int, int] = {}
        self.owned = frozenset(owned)
        """The connections known at the handover."""

    def owns(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which rows still belong to this table."""
        return np.isin(keys, np.fromiter(self._owned, np.uint64, len(self._owned)))

    def releases(self, key: int, time: int, syn: bool) -> bool:
        """True when a connection that begins now is another table's."""
        if not syn or time < self._cut:
            return False
        self._owned.discard(key)
        self.released[key] = time
        return True


class FlowTable:
    """All state between windows."""

    def __init__(self, settings: EngineSettings, weird: Weird) -> None:
        self._settings = settings
        self._weird = weird
        self._live: dict[int, Flow] = {}
        self._tombs = Tombstones()
        self._unanswered = Unanswered(settings, weird)
        self._carried: tuple[Columns, Octets] | None = None
        """Segments of connections that began in the window before and may be whole in this one, and their buffer."""
        self._now = self._recent = -(1 << 62)
        self._held = 0
        """Bytes of memory that the flows hold at most; counted anew when it comes to the cap."""
        self._room = int(settings.flow_memory * (1 - _ASIDE))
        """Bytes of memory that the flows may hold; ``_most``: how many they may be."""
        self._most = max(16, self._room // COST)
        self._ended: list[Ended] = []
        self._handed_over: Handover | None = None

    def hand_over(self, cut: int) -> Handover:
        """From the capture time ``cut`` on only connections already known here are followed, each until another
        begins between the same ends: what follows belongs to someone else's table."""
        owned = {*self._live, *self._tombs.keys(), *self._unanswered.keys(), *self._carried_keys()}
        self._handed_over = Handover(cut, owned)
        return self._handed_over

    @property
    def now(self) -> int:
        """Capture time, nanoseconds since the epoch."""
        return self._now

    @property
    def waits(self) -> bool:
        """True while a connection is open."""
        return bool(self._live or self._carried or self._unanswered.keys())

    def __len__(self) -> int:
        return len(self._live) + len(self._carried_keys())

    def _carried_keys(self) -> list[int]:
        return np.unique(self._carried[0].key).tolist() if self._carried else []

    def process(self, columns: Columns, aside: Aside, buffer: Octets, latest: Ints, lasting: bool = False) -> Iterator[Ended]:
        """Take a window's segments; yield the connections that ended, in order of their end. ``latest``: the times of
        the window's last packets, of whatever kind. ``lasting``: the buffer stays readable, and the next window may have
        the same."""
        if self._carried and self._carried[1] is not buffer:
            yield from self._take_carried()
        if self._handed_over:
            columns = columns.pick(self._handed_over.owns(columns.key))
        for start in range(0, len(columns), _AT_ONCE):
            part = columns.pick(slice(start, start + _AT_ONCE)) if len(columns) > _AT_ONCE else columns
            self.follow(part.time if start + _AT_ONCE < len(columns) else latest)
            yield from self._process(part, aside, buffer, lasting)

    def _take_carried(self) -> Iterator[Ended]:
        """What was carried becomes flows as it is: what follows has another buffer, or nothing follows."""
        if self._carried:
            columns, buffer = self._carried
            self._carried = None
            yield from self._process(columns, no_aside(), buffer, False)

    def _process(self, columns: Columns, aside: Aside, buffer: Octets, lasting: bool) -> Iterator[Ended]:
        old = 0
        if self._carried:
            old = len(self._carried[0])
            columns = join([self._carried[0], columns])
            self._carried = None
        held = len(columns)
        columns, aside = self._unanswered.before(columns, aside)
        old += len(columns) - held
        settings = self._settings
        facts = group(columns, settings.syn_timeout, settings.linger)
        keys = facts.columns.key[facts.flow[:-1]]
        known = self._tombs.among(keys) | is_among(keys, np.sort(np.fromiter(self._live, np.uint64, len(self._live))))
        silent = (facts.payload == 0) & ~known & (np.diff(facts.flow) <= MOST_PACKETS)
        payload = payload_of(facts, max(settings.client_head, settings.server_head))
        whole = self._whole(facts, ~silent & ~known, payload, buffer)
        busy = ~silent & ~whole
        if lasting and not self._handed_over and not aside.data:
            busy &= ~self._carry(facts, payload, busy & ~known, old, buffer)
        busy = np.flatnonzero(busy)
        grown = _growth(facts, known) if len(busy) else busy
        for start in range(0, len(busy), _GROUPS):
            some = busy[start : start + _GROUPS]
            yield from self._make_room(int(grown[some].sum()))
            yield from self._flows(Taker(facts, some, payload, buffer.data, aside, settings, self._weird))
        self._unanswered.hold(facts, silent, buffer, aside, self._now)
        yield from self._expire()

    def _carry(self, facts: Groups, payload: Payload, among: Bools, old: int, buffer: Octets) -> Bools:
        """Keep the segments of connections that may be whole in the next window: making them flows costs three times as
        much as taking them whole then. Which those are is returned; none that was kept before (``old`` rows), and none
        at all when there are many."""
        first = facts.row[facts.first] >= old
        ordered = np.logical_and.reduceat(payload.ordered, facts.half_of[:-1])
        chosen: Bools = among & first & ordered & facts.orderly & facts.syn & (np.diff(facts.flow) <= _CARRIED_OF_ONE)
        rows = np.flatnonzero(np.repeat(chosen, np.diff(facts.flow)))
        if not 0 < len(rows) <= _CARRIED:
            return np.zeros(len(among), bool)
        self._carried = facts.columns.pick(rows[np.argsort(facts.row[rows])]), buffer
        return chosen

    def follow(self, times: Ints) -> None:
        """Go on to the time of these packets, in capture order. One packet alone whose clock is ahead moves nothing; a
        clock that was set back is followed."""
        latest = int(times[-1])
        agreed = min(latest, int(times[-2]) if len(times) > 1 else self._recent)
        self._recent = latest
        self._set_clock(agreed)

    def _set_clock(self, now: int) -> None:
        self._now = now if now < self._now - self._settings.idle_timeout else max(self._now, now)

    def _whole(self, facts: Groups, unknown: Bools, payload: Payload, buffer: Octets) -> Bools:
        """Which flows the window holds whole: they are done. After a handover only what is known matters."""
        if self._handed_over:
            return np.zeros(len(unknown), bool)
        flows, taken, tombstones = WholeFlows(payload, buffer.data, self._settings).flows(facts, unknown, self._now)
        self._tombs.add_lot(tombstones)
        self._ended += flows
        return taken

    def _flows(self, taker: Taker) -> Iterator[Ended]:
        live, tombs = self._live, self._tombs
        for one in taker.groups:
            flow = live.get(one.key)
            if one.orderly and (tombs.get(one.key) is None if flow is None else self._goes_on(flow, one)):
                if flow is None:
                    if self._handed_over and self._handed_over.releases(one.key, one.start, one.syn):
                        continue
                    flow = live[one.key] = taker.begin(one)
                taker.take(flow, one)
            else:
                self._replay(taker, one)
            if len(live) > self._most:
                yield from self._evict(self._reckon())

    def _goes_on(self, flow: Flow, group: Group) -> bool:
        """True when an orderly group can only be more of this flow."""
        sides = flow.sides
        return (
            not group.syn
            and flow.closed is None
            and sides[0].fin is None
            and sides[1].fin is None
            and abs(group.start - flow.last) <= self._settings.syn_timeout
        )

    def _replay(self, taker: Taker, group: Group) -> None:
        """Packet by packet, in capture order."""
        key = group.key
        for row, side, seq, ack, flags, length, time in taker.packets(group):
            flow = self._flow_for(key, side, seq, ack, flags, time)
            if flow is None:
                tomb = self._tombs.get(key)
                if tomb is not None:
                    if not _outlived(tomb, side, seq, ack, flags, time, self._settings.tombstone):
                        self._weird.after_close += 1
                        continue
                    self._tombs.discard(key)
                if self._handed_over and self._handed_over.releases(key, time, bool(flags & SYN)):
                    return
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
        silent = self._is_over(flow, time)
        if silent or (flags & SYN and flow.begins_anew(side, seq, ack, flags)):
            # whoever takes the port again has done with what went before: nothing more would have come
            self._end(flow, time if silent else time + self._settings.patience)
            self._tombs.discard(key)
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

    def _end(self, flow: Flow, now: int) -> None:
        del self._live[flow.key]
        flow.until = now
        if not flow.payload:
            self._weird.no_payload += 1
            self._weird.syn_timeout += flow.unanswered and flow.closed is None
            return
        if flow.closed is not None:
            self._tombs.add(flow.key, flow.closed, (flow.sides[0].isn, flow.sides[1].isn))
        self._ended.append(flow)

    def _expire(self) -> Iterator[Ended]:
        """End what is over at the window's last time."""
        now = self._now
        quick = min(self._settings.linger, self._settings.syn_timeout)
        over = [flow for flow in self._live.values() if now - flow.last > quick and self._may_go(flow, now)]
        for flow in over:
            self._end(flow, now)
        self._tombs.expire(now - self._settings.tombstone)
        yield from self._drain()

    def _drain(self) -> Iterator[Ended]:
        ended, self._ended = self._ended, []
        ended.sort(key=_end_of)
        ended.reverse()
        while ended:
            yield ended.pop()

    def _make_room(self, grown: int) -> Iterator[Ended]:
        """Let flows go when what is held and ``grown`` more bytes might pass the cap."""
        if self._held + grown > self._room:
            self._held = self._reckon()
            if self._held + min(grown, int(self._room * (1 - _KEEP))) > self._room:
                yield from self._evict(self._held)
        self._held += grown

    def _reckon(self) -> int:
        """Bytes of memory that the flows hold now."""
        return sum(flow.held for flow in self._live.values())

    def _evict(self, held: int) -> Iterator[Ended]:
        """The emptiest of the flows, which hold so many bytes, go first."""
        spare = held - int(self._room * _KEEP)
        surplus = len(self._live) - int(self._most * _KEEP)
        for flow in sorted(self._live.values(), key=_fullness):
            if spare <= 0 and surplus <= 0:
                break
            spare -= flow.held
            surplus -= 1
            self._weird.evicted += 1
            self._end(flow, flow.last)
        yield from self._drain()

    def advance(self, now: int) -> Iterator[Ended]:
        """Live: it is ``now`` although no packet says so; yield the connections whose time is over. A clock that was set
        back is followed."""
        self._set_clock(now)
        yield from self._expire()

    def finish(self) -> Iterator[Ended]:
        """The capture is over: all that is open ends."""
        yield from self._take_carried()
        for flow in list(self._live.values()):
            self._end(flow, self._now)
        self._unanswered.forget()
        yield from self._drain()


def _growth(facts: Groups, known: Bools) -> Ints:
    """(n) Bytes of memory that each flow may come to hold with this window's packets."""
    captured: Ints = np.add.reduceat(facts.columns.captured, facts.flow[:-1])
    return captured + PIECE * facts.payload + np.where(known, 0, COST)


def _end_of(flow: Ended) -> int:
    return flow.last if flow.closed is None else flow.closed


def _fullness(flow: Flow) -> int:
    return min(flow.sides[0].held, flow.sides[1].held) << 20 | min(flow.held, (1 << 20) - 1)


def _outlived(tomb: Tombstone, side: int, seq: int, ack: int, flags: int, time: int, lifetime: int) -> bool:
    """True when a packet after a connection's end is the start of another."""
    closed, isn = tomb
    if time - closed > lifetime:
        return True
    other = isn[1 - side]
    if isn[side] is None and flags & ACK and other is not None:  # as Flow.begins_anew
        return flags & SYN != 0 and other != (ack - 1) & 0xFFFFFFFF
    return flags & SYN != 0 and isn[side] != seq
