"""A session that is mail by its port, of which nothing that tells was captured."""

from __future__ import annotations

from sniffer.endings import ending_of, is_lost
from sniffer.observation import Observation, Protocol
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader, observe_tls
from sniffer.tls.records import looks_like_handshake


def observe_unseen(connection: Connection, protocol: Protocol, read_handshake: HandshakeReader = observe_tls) -> Observation:
    """Observe what little there is: a handshake whose beginning, STARTTLS or not, came before the capture."""
    client, server = connection.client, connection.server
    handshake = looks_like_handshake(client.data) or looks_like_handshake(server.data)
    return Observation(
        protocol=protocol,
        requested=None if not client.captured else handshake,
        client_captured=client.captured,
        server_captured=server.captured,
        client_lost=True,
        client_lost_before_mail=True,
        server_lost=is_lost(server),
        late_start=not client.from_start,
        ending=ending_of(connection),
        tls=read_handshake(client.data, 0, server.data, 0, is_lost(client), is_lost(server)) if handshake else None,
        start=connection.start,
        stop=connection.stop,
    )
