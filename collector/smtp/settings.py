"""Settings of the mail intake. Sizes are bytes, times seconds. Defaults are Postfix's where it has them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from collector.errors import SettingsError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where mail is taken, for whom, and how much of it."""

    host: str = "0.0.0.0"
    """Address to listen on; "" for every IPv4 and IPv6 address."""
    port: int = 25
    """0 takes a free one."""
    protocol: Literal["smtp", "lmtp"] = "smtp"
    """``lmtp`` (RFC 2033) behind another mail server: one reply for each recipient."""
    unix_path: Path | None = None
    """Listen on this unix socket instead of host and port."""
    unix_mode: str = "0660"
    """Rights of the unix socket, octal: whoever may write to it may deliver."""
    unix_group: str | None = None
    """Group that the unix socket belongs to (Postfix's is ``postfix``); absent: our own."""
    hostname: str = "localhost"
    """The name in the greeting."""
    recipients: tuple[str, ...] = ()
    """Addresses ("tlsrpt@example.org") and domains ("example.org") that are ours, any case."""
    accept_any_recipient: bool = False
    """Take mail for any address: only behind a server that filters already."""
    proxies: tuple[str, ...] = ()
    """Networks whose connections start with a PROXY protocol header (v1 or v2) that names the true peer."""

    message_limit: int = 16 * MIB
    """A message on the wire; also announced as SIZE (RFC 1870)."""
    line_limit: int = 1 * MIB
    """A line within DATA. RFC 5321 says 1,000 octets; reports inline on one line are real."""
    discard_limit: int = 64 * MIB
    """How much of a message that is refused already is read, so that its sender hears the reply, before we hang up."""
    command_limit: int = 2048
    """A command line with its CRLF (RFC 5321 section 4.5.3.1.4 and extensions)."""
    recipient_limit: int = 100
    """Recipients of one message (RFC 5321 section 4.5.3.1.8); more get 452 4.5.3."""
    error_limit: int = 20
    """Refused commands in one session, then 421."""
    idle_command_limit: int = 50
    """NOOP, RSET, VRFY, HELP, HELO and EHLO, each, in one session, then 421."""
    message_count_limit: int = 1000
    """Messages in one session, then 421."""

    in_flight_limit: int = 64 * MIB
    """Bytes of messages held in memory over all sessions."""
    admission_wait: float = 10.0
    """How long DATA waits for room in memory before it is refused with 452."""
    connection_limit: int = 1000
    """Connections at once; more get 421."""
    peer_limit: int = 20
    """Connections from one IPv4 address or one IPv6 /64."""
    session_seconds: float = 300.0
    """A session's whole life, then 421 4.7.0; a message that is being stored is waited for."""
    handshake_seconds: float = 30.0
    """TLS handshake and PROXY header."""
    data_grace: float = 30.0
    """Seconds within DATA before the lowest rate counts."""
    data_rate: float = 500.0
    """Lowest mean rate within DATA, bytes a second."""
    append_seconds: float = 60.0
    """How long the spool may take before the sender is told to repeat."""
    stop_seconds: float = 10.0
    """How long messages under way may take to finish when the intake stops."""
    certificate_interval: float = 60.0
    """How often the certificate's files are looked at."""

    def check(self) -> None:
        """Raise SettingsError for what cannot work."""
        if not self.recipients and not self.accept_any_recipient:
            raise SettingsError("recipients: name the addresses or domains that reports are sent to, or set accept_any_recipient = true")
        for recipient in self.recipients:
            if not recipient.strip("@ ") or " " in recipient:
                raise SettingsError(f"recipients: {recipient!r} is neither an address nor a domain")
        if self.line_limit > self.message_limit or self.message_limit > self.in_flight_limit:
            raise SettingsError("line_limit must not exceed message_limit, nor message_limit in_flight_limit")
        for network in self.proxies:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise SettingsError(f"proxies: {network!r} is not a network: {error}") from error
        if len(self.unix_mode) not in (3, 4) or set(self.unix_mode) - set("01234567"):
            raise SettingsError(f"unix_mode: {self.unix_mode!r} is no octal mode such as 0660")
        if self.unix_path is not None and self.proxies:
            raise SettingsError("proxies: a unix socket has no PROXY protocol here")
