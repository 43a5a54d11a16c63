"""Responses of an IMAP server (RFC 9051 section 7): untagged, tagged, and requests to go on."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from sniffer.smtp.replies import starts_record

MAX_RESPONSES = 4000
"""Responses read of one session: more than the commands followed can need."""
_LITERAL = re.compile(rb"\{([0-9]{1,10})\+?\}\r?\n\Z")
_TAGGED = re.compile(rb"([!-~]{1,64}) (OK|NO|BAD)(?=[ \r\n])", re.IGNORECASE)


class Response(msgspec.Struct, frozen=True, gc=False):
    """One whole response, literals included. ``tag`` and ``ok`` tell of a tagged one."""

    kind: Literal["untagged", "tagged", "continue"]
    raw: bytes
    at: int
    end: int
    tag: str = ""
    ok: bool = False


def read_responses(data: bytes) -> list[Response]:
    """All responses of a server's bytes up to TLS; what is none is passed over."""
    found: list[Response] = []
    position = 0
    while len(found) < MAX_RESPONSES and not starts_record(data, position):
        end = line_end(data, position)
        if end is None:
            break
        if response := _response(data[position:end], position, end):
            found.append(response)
        position = end
    return found


def line_end(data: bytes, position: int) -> int | None:
    """Behind the line that begins at ``position``, its literals included; None when its end was not captured."""
    while True:
        end = data.find(b"\n", position) + 1
        if not end:
            return None
        literal = _LITERAL.search(data, max(position, end - 16), end)
        if literal is None:
            return end
        position = end + int(literal[1])
        if position > len(data):
            return None


def _response(raw: bytes, at: int, end: int) -> Response | None:
    if raw.startswith(b"* "):
        return Response("untagged", raw, at, end)
    if raw.startswith((b"+ ", b"+\r", b"+\n")):
        return Response("continue", raw, at, end)
    tagged = _TAGGED.match(raw)
    return Response("tagged", raw, at, end, tagged[1].decode("ascii"), tagged[2].upper() == b"OK") if tagged else None
