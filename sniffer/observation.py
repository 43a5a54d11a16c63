"""What one session showed: facts without opinion. Every engine and dialect makes these; ``verdict`` judges them."""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal

import msgspec

from sniffer.stream import StreamHead
from sniffer.tls import TlsFacts

Side = Literal["client", "server"]
Protocol = Literal["smtp", "pop3", "imap"]
Ending = Literal["reset", "closed", "silence", "cut"]
LATEST = 1 << 63
"""Later than every packet: what is looked up among a head's marks is (offset, LATEST)."""


class Sign(msgspec.Struct, frozen=True, gc=False):
    """One piece of evidence. ``word`` is one of ``evidence.WORDS``, ``at`` RFC 3339 text."""

    word: str
    side: Side
    text: str
    at: str


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One command or reply of the dialogue, clipped and blanked. ``at`` is RFC 3339 text."""

    at: str
    side: Side
    text: str


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One STARTTLS (or its kin), and what answered it. ``code`` is None when nothing did, or where answers have none."""

    well_formed: bool
    code: int | None = None
    accepted: bool = False
    refused: bool = False

    @property
    def answered(self) -> bool:
        return self.accepted or self.refused or self.code is not None


class Observation(msgspec.Struct, kw_only=True, gc=False):
    """Facts of one session. None always means: not observable."""

    protocol: Protocol = "smtp"
    implicit: bool = False
    """TLS from the first byte."""
    banner: str | None = None
    software: str | None = None
    banner_host: str | None = None
    helo: str | None = None
    ehlo: bool | None = None
    """An EHLO was answered 2xx; POP3, IMAP: the capabilities were listed before the login."""
    offered: bool | None = None
    requested: bool | None = None
    masked_offer: bool = False
    """The greeting's whole reply has a masked word where the offer was, and no offer."""
    masked_command: bool = False
    """The client's command came masked, and nothing that was lost could explain it otherwise."""
    masked_unjudged: bool = False
    """A masked command was seen, but loss leaves open what it was."""
    attempts: tuple[Attempt, ...] = ()
    clear_after_accept: bool = False
    greeting_open: bool = False
    """A later EHLO got no reply, which loss may have swallowed."""
    client_captured: bool = True
    server_captured: bool = True
    client_lost: bool = False
    """Bytes of the client are missing before it showed that it goes on in clear."""
    client_lost_before_mail: bool = False
    """The same, held stricter: before the server took mail in clear. What accuses must stand on this."""
    server_lost: bool = False
    late_start: bool = False
    ending: Ending = "silence"
    auth_offered: bool | None = None
    auth_used: bool | None = None
    mail_in_clear: bool | None = None
    tls: TlsFacts | None = None
    signs: tuple[Sign, ...] = ()
    dialogue: tuple[Turn, ...] = ()
    start: int = 0
    stop: int = 0


def time_at(head: StreamHead, offset: int, otherwise: int) -> int:
    """When the byte at ``offset`` was first seen, nanoseconds; ``otherwise`` for a direction without bytes."""
    marks = head.marks
    place = bisect_right(marks, (offset, LATEST)) - 1
    return marks[place][1] if place >= 0 else otherwise
