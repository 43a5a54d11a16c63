"""A connection in the making: its two directions, when it ended, and which side is the client."""

from __future__ import annotations

from sniffer.addresses import text
from sniffer.flows.direction import Direction
from sniffer.packets.columns import ACK, FIN, RST, SYN
from sniffer.settings import EngineSettings
from sniffer.stream import EMPTY, Connection, StreamHead, cut_off
from sniffer.weird import Weird

COST = 3200
"""Bytes of memory that a flow is reckoned at without its payload: itself, and what its end makes of it."""

PIECE = 208
"""Bytes of memory that a piece of payload is reckoned at beyond its own: an object, where it stands and its time."""

End = tuple[bytes, int]
"""Address as packed bytes, port."""


class Flow:
    """State of one connection. Side 0 and 1 are the ends in ``ends``; who is the client is decided at the end."""

    __slots__ = ("closed", "ends", "first", "interface", "key", "last", "opener", "reset_by", "sides", "until", "vlan")

    def __init__(self, key: int, ends: tuple[End, End], first: int, vlan: int, interface: int, settings: EngineSettings) -> None:
        self.key = key
        self.ends = ends
        self.first = first
        self.last = first
        self.vlan = vlan
        self.interface = interface
        head = max(settings.client_head, settings.server_head)
        self.sides = (Direction(head, settings.hole_window), Direction(head, settings.hole_window))
        self.opener: int | None = None
        """The side whose SYN, or whose peer's SYN and ACK, was seen."""
        self.reset_by: int | None = None
        self.closed: int | None = None
        """When it ended: by a reset, or by both sides' FIN."""
        self.until = first
        """Up to when the capture watched it."""

    @property
    def held(self) -> int:
        """Bytes of memory, roughly."""
        one, other = self.sides
        payload = one.held + other.held
        return COST + payload + payload // 10 + PIECE * (one.pieces + other.pieces)  # blocks are rounded up, and leave gaps

    @property
    def payload(self) -> int:
        """Payload bytes that packets announced."""
        return self.sides[0].high + self.sides[1].high

    @property
    def unanswered(self) -> bool:
        """True while only one side sent anything, and no payload."""
        return not (self.sides[0].packets and self.sides[1].packets) and not self.payload

    def begins_anew(self, side: int, seq: int, ack: int, flags: int) -> bool:
        """True when a packet with SYN belongs to a new connection between the same ends, not to this one."""
        mine, other = self.sides[side], self.sides[1 - side]
        if mine.isn is not None:
            return mine.isn != seq
        if flags & ACK and other.isn is not None:  # a SYN and ACK may come late, even after the end
            return other.isn != (ack - 1) & 0xFFFFFFFF
        if self.closed is not None:
            return True
        if mine.anchor is None:  # nothing, or pure acknowledgements, from this side so far
            return mine.packets > 0 or not flags & ACK
        return not -1 <= ((mine.anchor - seq) & 0xFFFFFFFF) - 1 <= 65535

    def add(self, side: int, seq: int, ack: int, flags: int, length: int, data: bytes, time: int, weird: Weird) -> None:
        """One packet of this connection."""
        mine = self.sides[side]
        mine.packets += 1
        self.first = min(self.first, time)
        self.last = max(self.last, time)
        if flags & SYN:
            self.opened(side, seq, ack, flags)
        if length:
            mine.add(seq, length, data, flags, time, weird)
        if flags & FIN:
            self.finished(side, seq + length & 0xFFFFFFFF, time)
        if flags & RST:
            self.was_reset(side, time)

    def opened(self, side: int, seq: int, ack: int, flags: int) -> None:
        """A SYN: it gives its side's first sequence number, and with an ACK the other side's too."""
        self.sides[side].learn_isn(seq)
        if flags & ACK:
            self.sides[1 - side].learn_isn((ack - 1) & 0xFFFFFFFF)
            self.opener = 1 - side
        elif self.opener is None:
            self.opener = side

    def finished(self, side: int, seq: int, time: int) -> None:
        """A FIN that stands at ``seq``."""
        mine = self.sides[side]
        if mine.fin is None:
            mine.fin = seq
            if self.sides[1 - side].fin is not None and self.closed is None:
                self.closed = time

    def was_reset(self, side: int, time: int) -> None:
        """A RST."""
        self.sides[side].reset = True
        if self.closed is None:
            self.closed = time
            self.reset_by = side

    def connection(self, settings: EngineSettings, names: list[str | None]) -> Connection:
        """What the observers get."""
        client = self.client(settings.ports)
        server = 1 - client
        mine = self.sides[client]
        heads = _head(mine, settings.client_head), _head(self.sides[server], settings.server_head)
        isn = mine.isn if mine.isn is not None else (mine.anchor or 0) + min(mine.front, 0) & 0xFFFFFFFF
        (client_ip, client_port), (server_ip, server_port) = self.ends[client], self.ends[server]
        found = Connection(
            client_ip=text(client_ip),
            client_port=client_port,
            server_ip=text(server_ip),
            server_port=server_port,
            start=self.first,
            stop=self.last,
            client=heads[0],
            server=heads[1],
            client_isn=isn,
            vlan=None if self.vlan < 0 else self.vlan,
            interface=names[self.interface],
            reset_by=None if self.reset_by is None else "client" if self.reset_by == client else "server",
        )
        return found if self.closed is not None else cut_off(found, self.until, settings.patience)

    def client(self, ports: frozenset[int]) -> int:
        """Which side opened the connection: by SYN, by the mail port, by what it said, or the higher port and address:
        which side is 0 depends on the run."""
        if self.opener is not None:
            return self.opener
        mail = self.ends[0][1] in ports, self.ends[1][1] in ports
        if mail[0] != mail[1]:
            return 1 if mail[0] else 0
        first = 0 if self.ends[0][::-1] >= self.ends[1][::-1] else 1
        for side in (first, 1 - first):
            if self.begins(side)[:3] == b"220":
                return 1 - side
            if self.begins(side)[:4].upper() in (b"EHLO", b"HELO"):
                return side
        return first

    def begins(self, side: int) -> bytes:
        """The first piece of a side's payload."""
        parts = self.sides[side].parts
        return parts[0] if parts else b""


def _head(side: Direction, limit: int) -> StreamHead:
    return side.finish(limit) if side.packets else EMPTY
