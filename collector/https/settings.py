"""Settings of the public HTTPS intake. Sizes are bytes, times seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network

from collector.errors import SettingsError

MIB = 1024 * 1024

_HASH = re.compile("sha256:[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpsSettings:
    """Where reports are posted, by whom, and how much of them."""

    host: str = "0.0.0.0"
    """Address to listen on; "" for every IPv4 and IPv6 address."""
    port: int = 443
    """0 takes a free one."""
    tls: bool = True
    """False speaks plain HTTP: only behind a proxy that ends TLS."""
    proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For is believed."""
    tokens: tuple[tuple[str, str], ...] = ()
    """(name, secret) of the sensors that may post sessions; a secret is plain or ``sha256:`` and its hash in hex."""

    body_limit: int = 16 * MIB
    """A posted body as it comes, before any unpacking."""
    in_flight_limit: int = 64 * MIB
    """Bytes of bodies held in memory over all requests."""
    request_limit: int = 256
    """Bodies being received or stored at once; more get 503."""
    connection_limit: int = 1000
    """Connections at once; more are closed."""
    peer_limit: int = 50
    """Connections from one IPv4 address or one IPv6 /64, proxies excepted."""
    handshake_seconds: float = 10.0
    """How long a TLS handshake may take."""
    header_seconds: float = 10.0
    """From a connection's start, or a request's first byte, to the end of its headers."""
    header_limit: int = 16 * 1024
    """A request's head."""
    keep_alive_seconds: int = 5
    """How long an idle connection is kept."""
    body_grace: float = 15.0
    """Seconds within a body before the lowest rate counts."""
    body_rate: float = 500.0
    """Lowest mean rate within a body, bytes a second."""
    body_seconds: float = 300.0
    """A body's whole life, however fast."""
    linger_seconds: float = 2.0
    """How long the rest of a refused body is read and thrown away, so that its sender sees the answer, not a reset."""
    append_seconds: float = 60.0
    """How long the spool may take before the sender is told to repeat."""
    retry_seconds: int = 60
    """Retry-After of a 503; that of a full spool is the spool's own (600)."""
    stop_seconds: float = 10.0
    """How long requests under way may take to finish when the intake stops."""
    certificate_interval: float = 60.0
    """How often the certificate's files are looked at."""

    def check(self) -> None:
        """Raise SettingsError for what cannot work."""
        if self.body_limit > self.in_flight_limit:
            raise SettingsError("body_limit must not exceed in_flight_limit")
        for network in self.proxies:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise SettingsError(f"proxies: {network!r} is not a network: {error}") from error
        names = [name for name, _ in self.tokens]
        if len(set(names)) != len(names) or not all(names):
            raise SettingsError("tokens: each needs a name of its own")
        for name, secret in self.tokens:
            if secret.startswith("sha256:") and not _HASH.fullmatch(secret):
                raise SettingsError(f"tokens: the hash of {name!r} is not 64 hexadecimal digits")
            if len(secret) < 16:
                raise SettingsError(f"tokens: the secret of {name!r} is shorter than 16 characters")
