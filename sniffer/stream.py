"""What an engine hands to the observers: one TCP connection, both directions reassembled from their heads.

Replies answer commands in order, so no packet-ordered state machine is needed: the pure observers (``smtp``,
``tls``, ``verdict``) work on two byte strings, once a connection, at its end. Engines differ only in how they make
these (the numpy engine from packets, the pyshark engine from Wireshark's own reassembly).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec.structs import replace

from sniffer.dns.facts import MxFacts

End = Literal["open", "fin", "rst", "gap", "limit", "cut"]


class StreamHead(msgspec.Struct, frozen=True, gc=False):
    """One direction, reassembled in order and without overlap, from its first captured byte to the first byte that
    is missing (``gap``), to the head limit (``limit``), or to its end."""

    data: bytes
    marks: tuple[tuple[int, int], ...]
    """(offset in ``data``, nanoseconds since the epoch) of each piece's first byte, ascending by offset."""
    from_start: bool
    """True when data[0] is the direction's first byte (its SYN was seen, or ISN + 1 is known from the other side)."""
    end: End
    """Why ``data`` ends where it does. ``gap``: bytes are missing there (loss, snaplen). ``limit``: more was sent
    and captured than is kept. ``fin``/``rst``: this side closed or reset after ``data``. ``open``: nothing more came, and
    the capture went on long enough to tell. ``cut``: the capture ended before that, or the engine had to let go."""
    bytes: int = 0
    """TCP payload bytes of the whole direction as captured packets announce them (repeats count once where known)."""
    packets: int = 0
    captured: bool = True
    """False when not one packet of this direction was seen."""


EMPTY = StreamHead(b"", (), False, "open", 0, 0, False)


class Connection(msgspec.Struct, frozen=True, gc=False):
    """One TCP connection. ``client`` is the side that opened it; without a SYN, the side that does not own the mail port."""

    client_ip: str
    client_port: int
    server_ip: str
    server_port: int
    start: int
    """First packet, nanoseconds since the epoch."""
    stop: int
    client: StreamHead
    server: StreamHead
    client_isn: int = 0
    """The client's first sequence number as seen (its SYN's, else the lowest seen): part of the session's identity."""
    vlan: int | None = None
    interface: str | None = None
    reset_by: Literal["client", "server"] | None = None
    mx: MxFacts | None = None
    """What the answers of port 53 told of the server."""
    whole: Callable[[], Connection] | None = None
    """Set where the heads are only a beginning: the connection with all that is kept of it, to be asked for before the
    engine goes on."""

    def entire(self) -> Connection:
        """The connection with all that is kept of it."""
        if self.whole is None:
            return self
        return replace(self.whole(), mx=self.mx) if self.mx else self.whole()


def cut_off(connection: Connection, until: int, patience: int) -> Connection:
    """A connection that nobody closed, as it is when the capture watched it ``until`` then (nanoseconds since the
    epoch): less than ``patience`` after its last packet, more may have followed."""
    client, server = connection.client, connection.server
    if "fin" in (client.end, server.end) or "rst" in (client.end, server.end) or until - connection.stop >= patience:
        return connection
    return replace(connection, client=_cut(client), server=_cut(server))


def _cut(head: StreamHead) -> StreamHead:
    return replace(head, end="cut") if head.end == "open" else head
