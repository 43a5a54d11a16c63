"""Every limit and choice of the packet engine, with what happens at the limit."""

from __future__ import annotations

from dataclasses import dataclass

SECOND = 1_000_000_000

SMTP_PORTS = frozenset({25, 465, 587, 2525})
POP3_PORTS = frozenset({110, 995})
IMAP_PORTS = frozenset({143, 993})


def ports_of(protocols: frozenset[str], extra: frozenset[int] = frozenset()) -> frozenset[int]:
    """The server ports of the protocols asked for ("smtp", "pop3", "imap") and the configured ones."""
    known = {"smtp": SMTP_PORTS, "pop3": POP3_PORTS, "imap": IMAP_PORTS}
    return extra.union(*(known[protocol] for protocol in protocols))


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Times are nanoseconds of capture time, sizes bytes."""

    ports: frozenset[int] = SMTP_PORTS
    any_port: bool = False
    """Also follow every other port, and keep what its content shows to be SMTP (slower, more memory)."""
    client_head: int = 65536
    """Bytes kept of the client's direction; what follows is only counted (``StreamHead.end`` is ``limit``)."""
    server_head: int = 65536
    hole_window: int = 16384
    """How far above missing bytes segments are kept; further ones are counted as ``above_hole``."""
    chunk: int = 32 << 20
    """Bytes of capture decoded at once."""
    linger: int = SECOND
    """Packets this long after a connection's end still count to it; later ones are ``after_close``."""
    tombstone: int = 60 * SECOND
    """How long an ended connection is remembered, so that a late duplicate doesn't start another."""
    syn_timeout: int = 5 * SECOND
    """A connection whose other side never answered is forgotten after this."""
    idle_timeout: int = 300 * SECOND
    """A silent connection ends after this; what comes later starts another."""
    flow_memory: int = 256 << 20
    """Cap of the flow table: beyond it the emptiest connections are ended first (``evicted``)."""
    unanswered: int = 200_000
    """Cap of packets held for connections without payload; beyond it the oldest are forgotten."""
    fragment_memory: int = 4 << 20
    """Cap of IP fragments waiting for the rest of their datagram."""
    fragment_timeout: int = 30 * SECOND
