"""TLS from the first byte (RFC 8314 section 3): nothing of the mail protocol itself can be seen."""

from __future__ import annotations

from sniffer.endings import ending_of, is_lost
from sniffer.observation import Observation, Protocol
from sniffer.signbook import SignBook
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader, observe_tls


def observe_implicit(
    connection: Connection, protocol: Protocol, client_start: int, settings: SniffSettings, handshake: HandshakeReader = observe_tls
) -> Observation:
    """Observe a handshake that begins at ``client_start`` (behind a PROXY header, if any). Never raises."""
    client, server = connection.client, connection.server
    book = SignBook(connection, settings)
    facts = handshake(client.data, client_start, server.data, 0, is_lost(client), is_lost(server))
    book.add_tls(facts)
    return Observation(
        protocol=protocol,
        implicit=True,
        requested=False if client.captured else None,
        client_captured=client.captured,
        server_captured=server.captured,
        ending=ending_of(connection),
        tls=facts,
        signs=book.signs(),
        start=connection.start,
        stop=connection.stop,
    )
