"""One connection's two heads → the facts of a POP3 session that begins in clear."""

from __future__ import annotations

from sniffer.access.observer import observe_access
from sniffer.observation import Observation
from sniffer.pop3.commands import POP3
from sniffer.pop3.walk import walk_pop3
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader, observe_tls


def observe_pop3(connection: Connection, settings: SniffSettings, handshake: HandshakeReader = observe_tls) -> Observation:
    """Observe a session that is known to be POP3; ``handshake`` is asked where TLS begins. Never raises."""
    return observe_access(walk_pop3(connection), POP3, settings, handshake)
