"""DNS over TCP (RFC 7766): messages with their length before them, out of a connection's two directions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sniffer.dns.asked import Message
from sniffer.dns.question import question_of
from sniffer.observation import time_at
from sniffer.stream import Connection, StreamHead


def messages_of(connection: Connection) -> list[Message]:
    """The answers that matter and whose question stands in the same connection."""
    client, server = connection.client, connection.server
    if not (client.from_start and server.from_start):
        return []
    asked = Counter(found for _, data in _split(client) if (found := question_of(data)) and not found.response)
    messages: list[Message] = []
    ends = (connection.client_ip, connection.client_port, connection.server_ip, connection.start)
    for at, data in _split(server):
        found = question_of(data)
        if found and found.response and (count := asked[found._replace(response=False)]):
            time = time_at(server, at, connection.start)
            messages.append(Message(time, connection.server_ip, hash((ends, found)), count, data))
    return messages


def _split(head: StreamHead) -> Iterator[tuple[int, bytes]]:
    """(offset, message) of each whole message."""
    data, at = head.data, 0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + size > len(data):
            return
        yield at, data[at + 2 : at + 2 + size]
        at += 2 + size
