"""Every limit and choice of the packet engine, with what happens at the limit."""

from __future__ import annotations

from dataclasses import dataclass

SECOND = 1_000_000_000

SMTP_PORTS = frozenset({25, 465, 587, 2525})
POP3_PORTS = frozenset({110, 995})
IMAP_PORTS = frozenset({143, 993})
DNS_PORT = 53


BEGINNING = 8192
"""What the beginning of a connection needs to hold so that most are settled by it. A client needs no more than
``CLIENT_BEGINNING``: its hello, its key exchange and the first encrypted records."""
CLIENT_BEGINNING = 3072
CLIENT_PIECES, SERVER_PIECES = 5, 8
"""Packets with payload that a beginning has at most: EHLO, STARTTLS, a hello in two, Finished; greeting, two replies,
certificates in four, Finished. Each costs half a microsecond."""


def ports_of(protocols: frozenset[str], extra: frozenset[int] = frozenset()) -> frozenset[int]:
    """The server ports of the protocols asked for ("smtp", "pop3", "imap") and the configured ones."""
    known = {"smtp": SMTP_PORTS, "pop3": POP3_PORTS, "imap": IMAP_PORTS}
    return extra.union(*(known[protocol] for protocol in protocols))


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """What is kept of port 53. Times are nanoseconds, sizes bytes, the rest counts; what is beyond a limit isn't used."""

    answer_timeout: int = 10 * SECOND
    """An answer that comes this long after its question was not asked for (``dns_unasked``)."""
    questions: int = 65536
    """Cap of questions that wait for an answer; the oldest go."""
    message: int = 4096
    """A longer message is refused (``dns_refused``)."""
    records: int = 256
    """A message that announces more records is refused."""
    names: int = 16384
    """Cap of domains, hosts and addresses remembered, each; the one that was silent longest goes (``dns_forgotten``)."""
    others: int = 16
    """Cap of names remembered of one address, and of addresses, hosts or spans of one name; the oldest go."""
    waiting: int = 4096
    """Cap of address answers kept for hosts that no MX answer has named yet."""
    shown: int = 8
    """Domains and hosts told of one session."""
    shortest: int = 300 * SECOND
    """An answer counts for its TTL, but at least and at most so long: mail waits a little between asking and sending."""
    longest: int = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Times are nanoseconds of capture time, sizes bytes."""

    ports: frozenset[int] = SMTP_PORTS
    any_port: bool = False
    """Also follow every other port, and keep what its content shows to be SMTP (slower, more memory)."""
    client_head: int = 65536
    """Bytes kept of the client's direction; what follows is only counted (``StreamHead.end`` is ``limit``)."""
    server_head: int = 65536
    beginning: int = 0
    """Bytes of either direction that observers get first of a connection that is there whole, for most need no more;
    ``Connection.whole`` gives the rest. 0: everything at once."""
    hole_window: int = 16384
    """How far above missing bytes segments are kept; further ones are counted as ``above_hole``."""
    dns: DnsSettings | None = DnsSettings()
    """Read the answers of port 53, so that sessions get their server's MX name; None: port 53 is passed over."""
    chunk: int = 32 << 20
    """Bytes of capture decoded at once."""
    linger: int = SECOND
    """Packets this long after a connection's end still count to it; later ones are ``after_close``."""
    tombstone: int = 60 * SECOND
    """How long an ended connection is remembered, so that a late duplicate doesn't start another."""
    syn_timeout: int = 5 * SECOND
    """A connection whose other side never answered is forgotten after this."""
    patience: int = 120 * SECOND
    """A connection that nobody closed counts as ended in silence after this, the shortest wait that RFC 5321 section 4.5.3.2
    asks of a client; where the capture ends sooner, as cut off."""
    idle_timeout: int = 300 * SECOND
    """A silent connection ends after this; what comes later starts another."""
    flow_memory: int = 256 << 20
    """Cap of the flow table: beyond it the emptiest connections are ended first (``evicted``)."""
    unanswered: int = 200_000
    """Cap of packets held for connections without payload; beyond it the oldest are forgotten."""
    fragment_memory: int = 4 << 20
    """Cap of IP fragments waiting for the rest of their datagram."""
    fragment_timeout: int = 30 * SECOND
