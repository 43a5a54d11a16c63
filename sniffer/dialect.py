"""Which mail protocol does a connection speak? Content tells; the port only says where TLS and silence are mail."""

from __future__ import annotations

import re
from typing import Literal

from sniffer.imap.commands import KNOWN as IMAP_COMMANDS
from sniffer.imap.commands import parse_command as imap_command
from sniffer.observation import Protocol
from sniffer.pop3.commands import KNOWN as POP3_COMMANDS
from sniffer.pop3.commands import parse_command as pop3_command
from sniffer.smtp.commands import GREETINGS, parse_command
from sniffer.smtp.lookalikes import is_lookalike
from sniffer.smtp.replies import looks_like_replies
from sniffer.smtp.walk import proxy_header_end
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.tls.client_hello import parse_ssl2_hello
from sniffer.tls.records import looks_like_handshake

Form = Literal["clear", "implicit", "unseen"]
"""``clear``: begins in clear. ``implicit``: TLS from the first byte. ``unseen``: mail by its port, but nothing of
its beginning was captured."""
_ACCESS_GREETING = re.compile(rb"(\+OK|-ERR)(?:[ \r\n]|\Z)|\* (?:OK|PREAUTH|BYE)\b", re.IGNORECASE)
_ACCESS_ANSWER: dict[Protocol, re.Pattern[bytes]] = {
    "pop3": re.compile(rb"(?m)^(?:\+OK|-ERR)(?=[ \r\n])"),
    "imap": re.compile(rb"(?m)^(?:\* [A-Z0-9]|[!-~]{1,64} (?:OK|NO|BAD)(?=[ \r\n]))"),
}
"""What a server's bytes hold on such a port when the capture began late."""
_SMTP_NAME = re.compile(rb"(?i)\b[el]?smtp\b")
_SCAN = 4096
_RECORDS = (b"\x14", b"\x15", b"\x16", b"\x17")
_SERVERS = (b"220 ", b"220-")
_CLIENTS = (b"EHLO ", b"HELO ")
"""How nearly every SMTP session begins."""


def recognise(connection: Connection, settings: SniffSettings) -> tuple[Protocol, Form] | None:
    """(protocol, form) of a connection; None when it is no mail protocol that was asked for."""
    if _is_usual(connection) and connection.server_port in settings.smtp_ports and "smtp" in settings.protocols:
        return "smtp", "clear"
    found = _recognise(connection, settings)
    return found if found and found[0] in settings.protocols else None


def _is_usual(connection: Connection) -> bool:
    return connection.server.data[:4] in _SERVERS and connection.client.data[:5] in _CLIENTS


def _recognise(connection: Connection, settings: SniffSettings) -> tuple[Protocol, Form] | None:
    client, server = connection.client, connection.server
    by_port = protocol_of_port(connection.server_port, settings)
    if greeting := _ACCESS_GREETING.match(server.data):
        return "pop3" if greeting[1] else "imap", "clear"
    if _speaks_smtp(connection, by_port == "smtp"):
        return "smtp", "clear"
    if by_port is None:
        return None
    if by_port != "smtp" and _speaks_access(connection, by_port):
        return by_port, "clear"
    if _begins_with_tls(connection):
        whole = client.from_start or _begins_whole(server) or connection.server_port in settings.implicit_ports
        return by_port, "implicit" if whole else "unseen"
    return (by_port, "unseen") if _nothing_telling(connection) else None


def protocol_of_port(port: int, settings: SniffSettings) -> Protocol | None:
    """The protocol that a server port is configured for."""
    if port in settings.smtp_ports:
        return "smtp"
    if port in settings.pop3_ports:
        return "pop3"
    return "imap" if port in settings.imap_ports else None


def _speaks_smtp(connection: Connection, mail_port: bool) -> bool:
    client, server = connection.client, connection.server
    replies = looks_like_replies(server.data, server.from_start)
    if replies and is_lookalike(connection):
        return False
    if mail_port:
        return replies or (not _is_other_server(server.data) and _has_command(client.data, client.from_start))
    if not replies and server.data:
        return False
    return bool(_SMTP_NAME.search(server.data, 0, 512)) or _greets(client.data)


def _speaks_access(connection: Connection, protocol: Protocol) -> bool:
    """POP3 or IMAP on its port, whose greeting was not captured."""
    client, server = connection.client, connection.server
    if server.data:
        return not server.from_start and _ACCESS_ANSWER[protocol].search(server.data, 0, _SCAN) is not None
    lines = client.data[proxy_header_end(client.data) : _SCAN].split(b"\n")[:-1]
    if protocol == "pop3":
        return any(pop3_command(line)[0] in POP3_COMMANDS for line in lines)
    return any(imap_command(line)[1] in IMAP_COMMANDS for line in lines)


def _is_other_server(data: bytes) -> bool:
    """Bytes of a server that are neither replies nor the end of one, nor TLS: another protocol."""
    return bool(data) and data[:5] in (b"HTTP/", b"SSH-2", b"SSH-1")


def _has_command(data: bytes, from_start: bool) -> bool:
    lines = data[proxy_header_end(data) : _SCAN].split(b"\n")[:-1]
    return any(parse_command(line).known for line in (lines[:1] if from_start else lines))


def _greets(data: bytes) -> bool:
    command = parse_command(data[proxy_header_end(data) : _SCAN].partition(b"\n")[0])
    return command.known and command.verb in GREETINGS


def _begins_with_tls(connection: Connection) -> bool:
    client, server = connection.client.data, connection.server.data
    start = proxy_header_end(client)
    if looks_like_handshake(client, start) or parse_ssl2_hello(client[start : start + 0x8001]):
        return True
    return not client and looks_like_handshake(server)


def _begins_whole(server: StreamHead) -> bool:
    """Nothing that the server said is missing before its records: a piece of a greeting would stand there."""
    return server.from_start and server.data[:1] in _RECORDS


def _nothing_telling(connection: Connection) -> bool:
    """Payload that was announced but not captured, or a TLS conversation caught in its middle."""
    heads = (connection.client, connection.server)
    if any(head.data[:1] in (b"\x14", b"\x15", b"\x17") and head.data[1:2] == b"\x03" for head in heads):
        return True
    return not any(head.data for head in heads) and any(head.end == "gap" and head.bytes for head in heads)
