"""Commands of a POP3 client (RFC 1939 section 9, RFC 2449, RFC 5034), and which of their answers have lists."""

from __future__ import annotations

import re

from sniffer.access.words import Words
from sniffer.upgrade import Tongue

POP3 = Words(
    protocol="pop3",
    upgrade="STLS",
    tongue=Tongue(re.compile(rb"\s*(?:[A-Za-z*]{3,12}(?:[ \t][^\n]*)?\r?\n)"), re.compile(rb"(?:\+OK|-ERR)(?=[ \r\n])")),
    logins=frozenset(("USER", "PASS", "APOP", "AUTH")),
    credentials=frozenset(("USER", "PASS", "APOP", "RPOP")),
    challenged=frozenset(("AUTH",)),
    farewell="QUIT",
)
KNOWN = frozenset(
    (
        *("CAPA", "STLS", "USER", "PASS", "APOP", "RPOP", "AUTH", "QUIT", "NOOP"),
        *("RSET", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "LAST", "LANG"),
        *("UTF8", "XCLIENT", "ID"),
    )
)
_LISTS = frozenset(("CAPA", "RETR", "TOP"))
_LISTS_ALONE = frozenset(("LIST", "UIDL", "AUTH", "LANG"))
_LONGEST_VERB = 16


def parse_command(line: bytes) -> tuple[str, bytes]:
    """(verb in upper case, argument) of a line without its end."""
    word, _, argument = line.strip(b" \t\r\0").partition(b" ")
    return word[:_LONGEST_VERB].upper().decode("latin-1"), argument.strip()


def has_list(verb: str, argument: bytes) -> bool:
    """True when a yes to the command is followed by lines up to a lone dot."""
    return verb in _LISTS or (verb in _LISTS_ALONE and not argument)
