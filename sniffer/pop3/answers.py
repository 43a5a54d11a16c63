"""Answers of a POP3 server (RFC 1939 section 3): a status line, and lines up to a lone dot behind some."""

from __future__ import annotations

import re

from sniffer.access.dialogue import Answer
from sniffer.smtp.replies import starts_record

STATUS = re.compile(rb"(\+OK|-ERR)(?=[ \t\r\n])[^\n]*\n", re.IGNORECASE)
_CHALLENGE = re.compile(rb"\+(?: [^\n]*|\r?)\n")
_DOT = re.compile(rb"(?<=\n)\.\r?\n")


def next_answer(data: bytes, position: int) -> Answer | None:
    """The next status line from ``position`` on, lines that are none passed over; None when TLS begins before it."""
    while position < len(data) and not starts_record(data, position):
        if found := STATUS.match(data, position):
            return Answer(found[1].upper() == b"+OK", found[0], position, found.end(), found[0])
        position = data.find(b"\n", position) + 1
        if not position:
            break
    return None


def with_list(data: bytes, answer: Answer) -> Answer | None:
    """The same with its lines and their dot; None when the dot was not captured."""
    dot = _DOT.search(data, answer.end)
    return Answer(True, data[answer.at : dot.end()], answer.at, dot.end(), answer.status) if dot else None


def is_challenge(data: bytes, position: int) -> re.Match[bytes] | None:
    """A server's challenge (RFC 5034 section 4), when one stands here."""
    return _CHALLENGE.match(data, position)
