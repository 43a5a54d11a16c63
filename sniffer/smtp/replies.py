"""Replies of the server (RFC 5321 section 4.2): a code, and text on one line or several."""

from __future__ import annotations

import re

import msgspec

_REPLY = re.compile(rb"(?:[1-5][0-9][0-9]-[^\n]*\n)*[1-5][0-9][0-9](?:[ \t][^\n]*|\r?)\n")
_LINE = re.compile(rb"[1-5][0-9][0-9](?:[ \t\-][^\n]*|\r?)\n")
_FIRST_LINE = re.compile(rb"(?:\A|(?<=\n))[1-5][0-9][0-9][ \-]")
_FINAL_LINE = re.compile(rb"(?:\A|(?<=\n))[1-5][0-9][0-9](?:[ \t][^\n]*|\r?)\n")


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One whole reply: ``raw`` is its bytes with line ends, ``at`` and ``end`` its place in the server's bytes."""

    code: int
    raw: bytes
    at: int
    end: int

    @property
    def ok(self) -> bool:
        return 200 <= self.code < 300

    @property
    def refused(self) -> bool:
        return self.code >= 400


def next_reply(data: bytes, position: int) -> Reply | None:
    """The first whole reply from ``position`` on; None when there is none, or TLS begins.

    Lines that are no reply are passed over before one begins, and belong to it inside a reply of several lines.
    """
    found = _REPLY.match(data, position)
    if found is None:
        return _uneven_reply(data, position)
    end = found.end()
    return Reply(int(data[position : position + 3]), data[position:end], position, end)


def _uneven_reply(data: bytes, position: int) -> Reply | None:
    if starts_record(data, position):
        return None
    first = _LINE.match(data, position)
    while first is None:
        position = data.find(b"\n", position) + 1
        if not position or starts_record(data, position):
            return None
        first = _LINE.match(data, position)
    final = _FINAL_LINE.search(data, position)
    if final is None:
        return None
    return Reply(int(data[position : position + 3]), data[position : final.end()], position, final.end())


def starts_record(data: bytes, position: int) -> bool:
    """True when a TLS handshake or alert record begins here."""
    return data[position : position + 1] in (b"\x16", b"\x15") and data[position + 1 : position + 2] == b"\x03"


def looks_like_replies(data: bytes, from_start: bool) -> bool:
    """True when a server's bytes begin with a reply, or, caught in the middle, hold one soon."""
    return (_FIRST_LINE.match(data) if from_start else _FIRST_LINE.search(data, 0, 2048)) is not None
