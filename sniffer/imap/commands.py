"""Commands of an IMAP client (RFC 9051 section 6): a tag, a verb, arguments."""

from __future__ import annotations

import re

from sniffer.access.words import Words
from sniffer.upgrade import Tongue

IMAP = Words(
    protocol="imap",
    upgrade="STARTTLS",
    tongue=Tongue(
        re.compile(rb"\s*(?:[!-~]{1,64} [A-Za-z*]{2,16}(?:[ \t][^\n]*)?\r?\n)"),
        re.compile(rb"(?:[*+] |[!-~]{1,64} (?:OK|NO|BAD)(?=[ \r\n]))"),
    ),
    logins=frozenset(("LOGIN", "AUTHENTICATE")),
    credentials=frozenset(("LOGIN",)),
    challenged=frozenset(("AUTHENTICATE",)),
    farewell="LOGOUT",
)
KNOWN = frozenset(
    (
        *("CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE", "LOGIN", "ID", "ENABLE", "COMPRESS"),
        *("IDLE", "NAMESPACE", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE"),
        *("LIST", "LSUB", "STATUS", "APPEND", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH"),
        *("FETCH", "STORE", "COPY", "MOVE", "UID"),
    )
)
_COMMAND = re.compile(rb"([!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|~]{1,64}) ([^ \t\r\n]{1,32})[ \t]*([^\r\n]*)")
"""A tag is made of ASTRING-CHARs but "+" (RFC 9051 section 9)."""


def parse_command(line: bytes) -> tuple[str, str, bytes]:
    """(tag, verb in upper case, argument) of a line without its end; tag and verb are "" for what is no command."""
    found = _COMMAND.match(line)
    if found is None:
        return "", "", line.strip()
    return found[1].decode("ascii"), found[2].upper().decode("latin-1"), found[3].strip()
