"""Connections that one window holds whole and in order: most of them. They become what they are at one go.

Such a connection begins with SYN and SYN+ACK, every byte of both sides is there in order, and both sides' FIN stands
so far back that nothing can follow. Whatever lacks any of that is taken packet by packet or window by window
(``flow``, ``direction``), with the same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sniffer.addresses import text
from sniffer.capture.records import Bools, Ints
from sniffer.flows.groups import Groups, count_of
from sniffer.flows.payload import Payload, Pieces
from sniffer.flows.tombstones import Lot
from sniffer.packets.columns import ACK, FIN, RST, SYN
from sniffer.settings import CLIENT_BEGINNING, CLIENT_PIECES, SERVER_PIECES, EngineSettings
from sniffer.stream import Connection, End, StreamHead

_HANDSHAKE = 600
"""A server that said less has not made a handshake: the beginning would settle nothing."""
Side = tuple[int, int, int, int, int, int, End]
"""Payload bytes, packets, first kept piece, where those end, first piece of the beginning, where those end, and why the
payload ends where it does."""
_ENDS: tuple[End, End] = ("fin", "gap")
"""Whether the FIN stands beyond the payload."""


class WholeFlow(NamedTuple):
    """One such connection, as places in its window. The window has to be there until ``connection`` was asked."""

    window: WholeFlows
    key: int
    first: int
    last: int
    closed: int
    client_isn: int
    source: int
    """Where the client's address stands; the server's follows it."""
    address: int
    """Bytes of an address."""
    client_port: int
    server_port: int
    vlan: int
    interface: int
    client: Side
    server: Side
    partial: bool
    """Not all pieces are listed, and the observers get the beginning first."""

    def connection(self, settings: EngineSettings, names: list[str | None]) -> Connection:
        """What the observers get: the beginning alone first, where the settings ask for it."""
        window = self.window
        if self.partial:
            client, server = window.beginning(self.client), window.beginning(self.server)
            return self._connection(client, server, names, lambda: self._whole(settings, names))
        return self._whole(settings, names)

    def _whole(self, settings: EngineSettings, names: list[str | None]) -> Connection:
        window = self.window
        return self._connection(window.head(self.client, settings.client_head), window.head(self.server, settings.server_head), names, None)

    def _connection(
        self, client: StreamHead, server: StreamHead, names: list[str | None], whole: Callable[[], Connection] | None
    ) -> Connection:
        window, _, first, last, _, isn, source, size, client_port, server_port, vlan, interface, *_ = self
        raw, middle = window.raw, source + size
        return Connection(
            text(raw[source:middle]),
            client_port,
            text(raw[middle : middle + size]),
            server_port,
            first,
            last,
            client,
            server,
            isn,
            None if vlan < 0 else vlan,
            names[interface],
            whole=whole,
        )


class WholeFlows:
    """The whole connections of a window."""

    def __init__(self, payload: Payload, raw: memoryview, settings: EngineSettings) -> None:
        self.raw = raw
        self._payload = payload
        self._settings = settings

    def flows(self, facts: Groups, among: Bools, now: int) -> tuple[list[WholeFlow], Bools, Lot]:
        """Those among some of the window's groups, (n) which groups they are, and what is remembered of them."""
        columns, payload, settings = facts.columns, self._payload, self._settings
        lead, other = facts.half_of[:-1], facts.half_of[1:] - 1
        groups = np.flatnonzero(among & (other - lead == 1) & facts.orderly & (facts.payload > 0))
        lead, other = lead[groups], other[groups]
        at = facts.half[:-1]
        server_leads = columns.flags[at[lead]] & ACK != 0
        client, server = np.where(server_leads, other, lead), np.where(server_leads, lead, other)
        fin, fin_end, closed = _ends(facts, client, server)
        begin = facts.first[groups]
        good = fin & _greet(facts, payload, at[client], at[server], client, server)
        good &= (now - closed > settings.linger) & (now - facts.latest[groups] > min(settings.linger, settings.syn_timeout))
        values: list[npt.NDArray[Any]] = [
            columns.key[begin],
            facts.earliest[groups],
            facts.latest[groups],
            closed,
            columns.seq[at[client]],
            columns.source[at[client]],
            np.where(columns.family[at[client]] == 4, 4, 16),
            columns.source_port[at[client]],
            columns.destination_port[at[client]],
            columns.vlan[begin],
            columns.interface[begin],
        ]
        chosen = np.flatnonzero(good)
        taken = np.zeros(len(among), bool)
        taken[groups[chosen]] = True
        client, server = client[chosen], server[chosen]
        mine, theirs = columns.seq[at[client]].astype(np.int64), columns.seq[at[server]].astype(np.int64)
        side = columns.side[at[client]] == 1
        tombstones = Lot(columns.key[at[client]], closed[chosen], np.where(side, theirs, mine), np.where(side, mine, theirs))
        begins = self._list_pieces(client, server)
        rows = zip(
            repeat(self, len(chosen)),
            *(column[chosen].tolist() for column in values),
            self._sides(facts, client, fin_end[0][chosen], begins),
            self._sides(facts, server, fin_end[1][chosen], begins),
            self._are_partial(client, server, begins).tolist(),
            strict=True,
        )
        return list(map(WholeFlow._make, rows)), taken, tombstones

    def head(self, side: Side, limit: int) -> StreamHead:
        """One side's head, ``limit`` bytes at most."""
        length, packets, start, stop, first, last, end = side
        if last - first == stop - start:
            data, marks = self._pieces.data(self.raw, first, last), self._pieces.marks[first:last]
        else:
            pieces = self._payload.pieces(slice(start, stop))
            data, marks = pieces.data(self.raw), pieces.marks
        if length > limit:
            while marks[-1][0] >= limit:
                marks.pop()
            return StreamHead(data[:limit], tuple(marks), True, "limit", length, packets)
        return StreamHead(data, tuple(marks), True, end, length, packets)

    def beginning(self, side: Side) -> StreamHead:
        """One side's first pieces: as many as were listed."""
        length, packets, _, _, start, stop, end = side
        pieces = self._pieces
        data = pieces.data(self.raw, start, stop)
        return StreamHead(data, tuple(pieces.marks[start:stop]), True, "limit" if len(data) < length else end, length, packets)

    def _are_partial(self, client: Ints, server: Ints, begins: Ints) -> Bools:
        """Connections that have more than their beginning, and where that may settle what they are."""
        payload = self._payload
        rest = payload.stop - payload.start - np.diff(begins)
        partial: Bools = ((rest[client] > 0) | (rest[server] > 0)) & (payload.length[server] >= _HANDSHAKE)
        return partial if self._settings.beginning else np.zeros(len(client), bool)

    def _list_pieces(self, client: Ints, server: Ints) -> Ints:
        """List the first pieces of these halves, or all of them where a server made no handshake; (m + 1) where each
        half's are in the list."""
        payload, settings = self._payload, self._settings
        count = payload.stop - payload.start
        most, first = np.zeros((2, len(count)), np.int64)
        whole = payload.length[server] < _HANDSHAKE
        most[server], first[server] = settings.beginning, SERVER_PIECES
        most[client] = np.where(whole, settings.client_head, min(settings.beginning, CLIENT_BEGINNING)) if settings.beginning else 0
        first[client] = np.where(whole, count[client], CLIENT_PIECES)
        short = payload.offset < np.repeat(most, count)
        short &= np.arange(len(short)) < np.repeat(payload.start + first, count)
        self._pieces: Pieces = payload.pieces(np.flatnonzero(short))
        counts = count_of(short, np.append(payload.start, len(short)))
        return np.concatenate(([0], np.cumsum(counts)))

    def _sides(self, facts: Groups, half: Ints, fin_end: npt.NDArray[np.uint32], begins: Ints) -> Iterator[Side]:
        payload, columns = self._payload, facts.columns
        length = payload.length[half]
        begin = facts.half[half]
        beyond = (fin_end - columns.seq[begin] - np.uint32(1) - length.astype(np.uint32)).astype(np.int32) > 0
        packets = facts.half[half + 1] - begin
        values = (length, packets, payload.start[half], payload.stop[half], begins[half], begins[half + 1])
        ends = [_ENDS[one] for one in beyond.tolist()]
        return zip(*(value.tolist() for value in values), ends, strict=True)


def _greet(facts: Groups, payload: Payload, first: Ints, answer: Ints, client: Ints, server: Ints) -> Bools:
    """SYN, SYN+ACK that answers it, and the payload of both right behind."""
    columns = facts.columns
    syn, syn_ack = columns.flags[first] & (SYN | ACK), columns.flags[answer] & (SYN | ACK)
    good: Bools = (syn == SYN) & (syn_ack == SYN | ACK) & (columns.ack[answer] == columns.seq[first] + np.uint32(1))
    good &= columns.source[first] >= 0
    for half, begin in ((client, first), (server, answer)):
        follows = payload.seq[half] == (columns.seq[begin] + np.uint32(1)).astype(np.int64)
        good &= payload.ordered[half] & (follows | (payload.length[half] == 0))
    return good


def _ends(facts: Groups, client: Ints, server: Ints) -> tuple[Bools, tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]], Ints]:
    """Whether both sides' FIN is there and no RST, where each first FIN stands, and the time of the later of both."""
    columns, halves = facts.columns, len(facts.half) - 1
    closing = np.flatnonzero(columns.flags & (FIN | RST))
    half = np.searchsorted(facts.half, closing, "right") - 1
    reset = np.zeros(halves, bool)
    reset[half[columns.flags[closing] & RST != 0]] = True
    fin_row = np.full(halves, -1)
    fins = columns.flags[closing] & FIN != 0
    fin_row[half[fins][::-1]] = closing[fins][::-1]  # the first of each half stays
    mine, theirs = fin_row[client], fin_row[server]
    good: Bools = (mine >= 0) & (theirs >= 0) & ~reset[client] & ~reset[server]
    closed = np.where(facts.row[mine] > facts.row[theirs], columns.time[mine], columns.time[theirs])
    end = columns.seq + columns.length.astype(np.uint32)
    return good, (end[mine], end[theirs]), closed
