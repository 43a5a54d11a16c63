"""A session that begins in clear → its facts, by the observer of its protocol."""

from __future__ import annotations

from sniffer.imap.observer import observe_imap
from sniffer.observation import Observation, Protocol
from sniffer.pop3.observer import observe_pop3
from sniffer.smtp.observer import observe_smtp
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader


def observe_clear(connection: Connection, protocol: Protocol, settings: SniffSettings, handshake: HandshakeReader) -> Observation:
    """Observe a session that is known to speak ``protocol``; ``handshake`` is asked where TLS begins. Never raises."""
    if protocol == "smtp":
        return observe_smtp(connection, settings, handshake)
    return observe_pop3(connection, settings, handshake) if protocol == "pop3" else observe_imap(connection, settings, handshake)
