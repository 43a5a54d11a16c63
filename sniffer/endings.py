"""What a connection's ends say about what was captured of it."""

from __future__ import annotations

from sniffer.observation import Ending
from sniffer.stream import Connection, StreamHead


def is_lost(head: StreamHead) -> bool:
    """True when bytes of the side are missing behind what we hold, so that their absence proves nothing."""
    return not head.captured or head.end in ("gap", "limit", "cut")


def ending_of(connection: Connection) -> Ending:
    """How the connection ended, as far as the capture goes."""
    ends = (connection.client.end, connection.server.end)
    if connection.reset_by or "rst" in ends:
        return "reset"
    if "fin" in ends:
        return "closed"
    return "cut" if "cut" in ends else "silence"
