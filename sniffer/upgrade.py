"""After an accepted STARTTLS: where does the handshake begin, and what stands before it?

Nothing may (RFC 3207 section 4.2, RFC 9051 section 6.2.1). Commands there are an injection attempt; plain text with no
handshake at all is how a mirror writes what it decrypted.
"""

from __future__ import annotations

import re

import msgspec

from sniffer.endings import is_lost
from sniffer.observation import Observation
from sniffer.signbook import SignBook
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader
from sniffer.tls.client_hello import parse_ssl2_hello
from sniffer.tls.records import looks_like_handshake

_WINDOW = 8192
"""Bytes searched for a handshake behind other bytes."""
_HANDSHAKE = re.compile(rb"(?<=\n)[\x15\x16]\x03[\x00-\x04]")
_RECORDS = (0x14, 0x15, 0x16, 0x17)


class Tongue(msgspec.Struct, frozen=True, gc=False):
    """How the protocol's plain text begins on either side."""

    command: re.Pattern[bytes]
    reply: re.Pattern[bytes]


class Upgrade(msgspec.Struct, frozen=True, gc=False):
    """Offsets in the sides' bytes where TLS begins, or would."""

    client: int
    server: int
    clear: bool = False
    """Plain text goes on."""
    injected_commands: bytes = b""
    injected_replies: bytes = b""


def find_upgrade(client: bytes, client_position: int, server: bytes, server_position: int, tongue: Tongue) -> Upgrade:
    """Look at both sides' bytes from where the STARTTLS and what accepts it end."""
    commands_end = _handshake_behind_text(client, client_position)
    replies_end = _handshake_behind_text(server, server_position)
    rest = client[client_position : client_position + _WINDOW]
    if commands_end == client_position and rest and not _begins_tls(client, client_position) and tongue.command.match(rest):
        return Upgrade(client_position, server_position, clear=True)
    server_rest = server[server_position : server_position + _WINDOW]
    if not rest and replies_end == server_position and tongue.reply.match(server_rest):
        return Upgrade(client_position, server_position, clear=True)
    return Upgrade(
        commands_end,
        replies_end,
        injected_commands=client[client_position:commands_end],
        injected_replies=server[server_position:replies_end],
    )


def note_upgrade(
    seen: Observation,
    upgrade: Upgrade,
    connection: Connection,
    begins: tuple[int, int],
    client_missing: bool,
    book: SignBook,
    handshake: HandshakeReader,
) -> None:
    """Note what an accepted STARTTLS led to. ``begins``: where the client's and the server's text ended."""
    client, server = connection.client, connection.server
    if upgrade.clear:
        seen.clear_after_accept = True
        # if a mirror wrote this, what goes on was encrypted on the real wire: it is no mail in clear
        seen.mail_in_clear = seen.mail_in_clear or None
        seen.auth_used = seen.auth_used or None
        if upgrade.client < len(client.data):
            book.add("clear_after_accept", "client", client.data[upgrade.client : upgrade.client + 80].split(b"\n")[0], upgrade.client)
        else:
            book.add("clear_after_accept", "server", server.data[upgrade.server : upgrade.server + 80].split(b"\n")[0], upgrade.server)
        return
    if upgrade.injected_commands:
        book.add("pipelined_after_starttls", "client", upgrade.injected_commands, begins[0])
    if upgrade.injected_replies:
        book.add("reply_after_accept", "server", upgrade.injected_replies, begins[1])
    seen.tls = handshake(client.data, upgrade.client, server.data, upgrade.server, client_missing, is_lost(server))
    book.add_tls(seen.tls)


def _begins_tls(data: bytes, position: int) -> bool:
    if data[position] in _RECORDS:
        return data[position + 1 : position + 2] in (b"\x03", b"")
    return parse_ssl2_hello(data[position : position + _WINDOW]) is not None


def _handshake_behind_text(data: bytes, position: int) -> int:
    """Where a record begins at the start of a line of text; ``position`` itself when none does, or TLS begins there."""
    if position >= len(data) or looks_like_handshake(data, position):
        return position
    found = _HANDSHAKE.search(data, position, position + _WINDOW)
    return found.start() if found and not _begins_tls(data, position) else position
