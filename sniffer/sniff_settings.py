"""What the observers need to know: limits, our networks, expected names. One object for a whole run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sniffer.networks import Networks
from sniffer.settings import IMAP_PORTS, POP3_PORTS, SMTP_PORTS

if TYPE_CHECKING:
    from sniffer.tls.trust import TrustStore


@dataclass(frozen=True, slots=True, eq=False)
class SniffSettings:
    """Sizes are bytes or characters, counts entries; what is beyond a limit is left out of the session's record."""

    observer_name: str | None = None
    protocols: frozenset[str] = frozenset({"smtp"})
    """"smtp", "pop3", "imap": sessions of others are passed over."""
    smtp_ports: frozenset[int] = SMTP_PORTS
    """Where TLS from the first byte counts as mail, and a server that speaks first in replies as SMTP."""
    pop3_ports: frozenset[int] = POP3_PORTS
    imap_ports: frozenset[int] = IMAP_PORTS
    implicit_ports: frozenset[int] = frozenset({465, 993, 995})
    """Where a handshake is the session's beginning even if the capture began late."""
    own_networks: Networks | None = None
    """Networks that configuration calls ours: they give ``network.direction``."""
    mx_hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Server address → its MX host names, where configured; otherwise SNI and the banner say whom to expect."""
    mail_domains: tuple[str, ...] = ()
    """Mail domains that a certificate may name instead of the MX host."""
    roots: Callable[[], TrustStore | None] | None = None
    """Gives the same store each time, and is asked at the first certificate. None: certificates are not checked against roots."""
    show_addresses: bool = False
    """Keep mail addresses and credentials in the dialogue instead of blanking them."""
    dialogue_entries: int = 64
    dialogue_text: int = 512
    evidence_entries: int = 32
    evidence_text: int = 256
    banner_text: int = 512
    helo_text: int = 255
