"""One connection's two heads → the facts of an IMAP session that begins in clear."""

from __future__ import annotations

from sniffer.access.observer import observe_access
from sniffer.imap.commands import IMAP
from sniffer.imap.walk import walk_imap
from sniffer.observation import Observation
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader, observe_tls


def observe_imap(connection: Connection, settings: SniffSettings, handshake: HandshakeReader = observe_tls) -> Observation:
    """Observe a session that is known to be IMAP; ``handshake`` is asked where TLS begins. Never raises."""
    return observe_access(walk_imap(connection), IMAP, settings, handshake)
