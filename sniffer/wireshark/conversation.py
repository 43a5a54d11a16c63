"""One of Wireshark's TCP streams in the making, and the connection it becomes."""

from __future__ import annotations

from typing import Literal

from sniffer.packets.columns import ACK, FIN, RST, SYN
from sniffer.stream import Connection
from sniffer.wireshark.facts import End, Packet
from sniffer.wireshark.side import Side


class Conversation:
    """Both sides of one ``tcp.stream``; side 0 is the sender of its first packet."""

    def __init__(self, packet: Packet, from_text: bool = True) -> None:
        self.stream = packet.stream
        self.ends: tuple[End, End] = (packet.source, packet.destination)
        self.sides = (Side(from_text), Side(from_text))
        self.first = self.last = packet.time
        self.closed: int | None = None
        """When it ended: by a reset, or by both sides' FIN."""
        self.until: int | None = None
        """Up to when the capture watched it; None: to its end."""
        self._opener: int | None = None
        self._reset_by: int | None = None
        self._vlan, self._interface = packet.vlan, packet.interface

    def add(self, packet: Packet) -> None:
        """One packet of the stream."""
        place = 0 if packet.source == self.ends[0] else 1
        side, other = self.sides[place], self.sides[1 - place]
        self.first, self.last = min(self.first, packet.time), max(self.last, packet.time)
        if packet.flags & SYN:
            side.coverage.learn_isn(packet.seq)
            if packet.flags & ACK:
                other.coverage.learn_isn((packet.ack - 1) & 0xFFFFFFFF)
                self._opener = 1 - place
            elif self._opener is None:
                self._opener = place
        side.add(packet)
        if packet.flags & RST and self.closed is None:
            self.closed, self._reset_by = packet.time, place
        if packet.flags & FIN and other.coverage.finished and self.closed is None:
            self.closed = packet.time

    @property
    def has_payload(self) -> bool:
        return any(side.coverage.size for side in self.sides)

    @property
    def unread_tls(self) -> bool:
        """TLS came that Wireshark took for mail."""
        return any(side.has_unread_tls for side in self.sides)

    def take_records(self, other: Conversation) -> None:
        """The TLS of the same stream, read anew."""
        for mine, theirs in zip(self.sides, other.sides, strict=True):
            mine.take_records(theirs)

    def client_place(self, ports: frozenset[int]) -> int:
        """Which side opened the connection: by SYN, by the mail port, by what it said, or the higher port."""
        if self._opener is not None:
            return self._opener
        mail = self.ends[0][1] in ports, self.ends[1][1] in ports
        if mail[0] != mail[1]:
            return 1 if mail[0] else 0
        for place, side in enumerate(self.sides):
            if side.data.startswith(b"220"):
                return 1 - place
            if bytes(side.data[:4]).upper() in (b"EHLO", b"HELO"):
                return place
        return 0 if self.ends[0][1] >= self.ends[1][1] else 1

    def connection(self, client: int) -> Connection:
        """The connection for the observers, with Wireshark's numbers."""
        mine, other = self.sides[client], self.sides[1 - client]
        (client_ip, client_port), (server_ip, server_port) = self.ends[client], self.ends[1 - client]
        isn = mine.coverage.isn
        return Connection(
            client_ip=client_ip,
            client_port=client_port,
            server_ip=server_ip,
            server_port=server_port,
            start=self.first,
            stop=self.last,
            client=mine.head(),
            server=other.head(),
            client_isn=isn if isn is not None else mine.coverage.lowest or 0,
            vlan=self._vlan,
            interface=self._interface,
            reset_by=self._who_reset(client),
        )

    def _who_reset(self, client: int) -> Literal["client", "server"] | None:
        if self._reset_by is None:
            return None
        return "client" if self._reset_by == client else "server"
