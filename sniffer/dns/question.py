"""The head and the question of a DNS message (RFC 1035 section 4.1), read without a library: most answers end here."""

from __future__ import annotations

from typing import NamedTuple

A, MX, TXT, AAAA, TLSA = 1, 15, 16, 28, 52
NAMES = {A: "A", MX: "MX", TXT: "TXT", AAAA: "AAAA", TLSA: "TLSA"}
DANE, TLSRPT, MTA_STS = "_25._tcp.", "_smtp._tls.", "_mta-sts."
"""What stands before a name where its policies are published: RFC 7672, 8460, 8461."""
HEADER = 12
RESPONSE, OPCODE, TRUNCATED, RCODE = 0x8000, 0x7800, 0x0200, 0x000F
USABLE = (0, 3)
"""NOERROR and NXDOMAIN; with any other code the server says nothing of the name."""


class Question(NamedTuple):
    """Which records of which name are asked for; ``name`` in lower case, without the last dot."""

    name: str
    type: int
    number: int
    """The message's ID."""
    response: bool


def question_of(data: bytes) -> Question | None:
    """The question of a query, or of an answer that says something, when it matters to mail; None otherwise."""
    if len(data) < HEADER + 5 or data[4:6] != b"\0\1":
        return None
    flags = int.from_bytes(data[2:4], "big")
    response = bool(flags & RESPONSE)
    if flags & OPCODE or (response and (flags & TRUNCATED or flags & RCODE not in USABLE)):
        return None
    found = _name(data)
    if found is None:
        return None
    name, at = found
    kind, group = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
    if group != 1 or len(data) < at + 4 or not _matters(name, kind):
        return None
    return Question(name, kind, int.from_bytes(data[:2], "big"), response)


def _name(data: bytes) -> tuple[str, int] | None:
    """The name asked for, and where it ends; None for the root, and where letters stand that no mail domain has."""
    labels: list[str] = []
    at = HEADER
    while at < len(data) and (size := data[at]):
        label = data[at + 1 : at + 1 + size]
        text = label.decode("latin-1")
        if size > 63 or len(label) < size or not (text.isascii() and text.isprintable()) or "." in text or "\\" in text:
            return None
        labels.append(text)
        at += 1 + size
    return (".".join(labels).lower(), at + 1) if labels and at < len(data) else None


def _matters(name: str, kind: int) -> bool:
    if kind == TXT:
        return name.startswith((TLSRPT, MTA_STS))
    return name.startswith(DANE) if kind == TLSA else kind in NAMES
