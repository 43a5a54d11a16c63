"""After an accepted STARTTLS: where does the handshake begin, and what stands before it?

Nothing may (RFC 3207 section 4.2). Commands there are an injection attempt; plain SMTP with no handshake at all is
how a mirror writes what it decrypted.
"""

from __future__ import annotations

import re

import msgspec

from sniffer.smtp.replies import looks_like_replies
from sniffer.tls.client_hello import parse_ssl2_hello
from sniffer.tls.records import looks_like_handshake

_WINDOW = 8192
"""Bytes searched for a handshake behind other bytes."""
_HANDSHAKE = re.compile(rb"(?<=\n)[\x15\x16]\x03[\x00-\x04]")
_COMMAND = re.compile(rb"\s*(?:[A-Za-z*]{3,12}(?:[ \t][^\n]*)?\r?\n)")
_RECORDS = (0x14, 0x15, 0x16, 0x17)


class Upgrade(msgspec.Struct, frozen=True, gc=False):
    """Offsets in the sides' bytes where TLS begins, or would."""

    client: int
    server: int
    clear: bool = False
    """Plain SMTP goes on."""
    injected_commands: bytes = b""
    injected_replies: bytes = b""


def find_upgrade(client: bytes, client_position: int, server: bytes, server_position: int) -> Upgrade:
    """Look at both sides' bytes from where the STARTTLS and its 220 end."""
    commands_end = _handshake_behind_text(client, client_position)
    replies_end = _handshake_behind_text(server, server_position)
    rest = client[client_position : client_position + _WINDOW]
    if commands_end == client_position and rest and not _begins_tls(client, client_position) and _COMMAND.match(rest):
        return Upgrade(client_position, server_position, clear=True)
    server_rest = server[server_position : server_position + _WINDOW]
    if not rest and replies_end == server_position and looks_like_replies(server_rest, True):
        return Upgrade(client_position, server_position, clear=True)
    return Upgrade(
        commands_end,
        replies_end,
        injected_commands=client[client_position:commands_end],
        injected_replies=server[server_position:replies_end],
    )


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
