"""What is kept of a log's line that speaks of a mail session. None always means: the log does not say.

Times are nanoseconds. ``source`` is whom the log takes for the client.
"""

from __future__ import annotations

import msgspec


class Ends(msgspec.Struct, frozen=True, array_like=True):
    """The connection's ends, client first."""

    source_ip: str
    source_port: int
    destination_ip: str
    destination_port: int

    def turned(self) -> Ends:
        return Ends(self.destination_ip, self.destination_port, self.source_ip, self.source_port)


class Handshake(msgspec.Struct, frozen=True, omit_defaults=True):
    """A handshake as either program tells it."""

    version: str | None = None
    """As logged."""
    cipher: str | int | None = None
    """A name, or the code point."""
    curve: str | None = None
    server_name: str | None = None
    resumed: bool = False
    """True when the log says so; what else it writes is its default and says nothing."""
    next_protocol: str | None = None
    ja3: str | None = None
    ja4: str | None = None


class Certificate(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's certificate."""

    subject: str | None = None
    issuer: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    sha256: str | None = None
    """Upper-case hex."""
    alternative_names: tuple[str, ...] | None = None
    """None when the log does not list them."""
    key_algorithm: str | None = None
    key_size: int | None = None
    status: str | None = None
    """What Zeek's validate-certs script found."""
    named: bool | None = None
    """Zeek: whether it covers the name that the client asked for."""


class Seen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every line has."""

    at: int
    ends: Ends
    observer: str | None = None
    interface: str | None = None
    vlan: int | None = None
    community_id: str | None = None


class ZeekSmtp(Seen, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A line of smtp.log: one message, or the STARTTLS."""

    helo: str | None = None
    tls: bool | None = None
    """True: STARTTLS was answered 220. False is Zeek's default and says nothing of an offer or a refusal."""
    mail: bool = False
    """A message's headers or body were seen."""


class ZeekSsl(Seen, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A line of ssl.log."""

    handshake: Handshake
    established: bool | None = None
    alert: str | None = None
    certificate: Certificate | None = None
    certificate_id: str | None = None
    """File id or fingerprint of the leaf: the key into x509.log."""


class ZeekConn(Seen, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A line of conn.log."""

    services: tuple[str, ...] = ()
    duration: int | None = None
    state: str | None = None
    history: str | None = None
    missed: int | None = None
    client_bytes: int | None = None
    client_packets: int | None = None
    server_bytes: int | None = None
    server_packets: int | None = None


class EveSmtp(Seen, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An event ``smtp``: one transaction."""

    helo: str | None = None
    mail: bool = False


class EveTls(Seen, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An event ``tls``."""

    handshake: Handshake
    from_smtp: bool = False
    answered: bool = False
    """Something in it can only be from the server's part of the handshake."""
    certificate: Certificate | None = None


class EveFlow(Seen, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An event ``flow``. Its byte counters hold packet headers, so they are not ours and not kept."""

    smtp: bool = False
    """SMTP is, or was before TLS, the flow's protocol."""
    tls: bool = False
    starttls: bool = False
    """TLS after SMTP."""
    duration: int | None = None
    client_packets: int | None = None
    server_packets: int | None = None
    gap_client: bool = False
    gap_server: bool = False


Entry = ZeekSmtp | ZeekSsl | ZeekConn | EveSmtp | EveTls | EveFlow
