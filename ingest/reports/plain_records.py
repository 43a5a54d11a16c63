"""Records that need no parser of their own, because their text was parsed before.

In a large report most records differ from an earlier one by source address and count alone. The text behind the count
(results, identifiers: ``rest``) is looked up; only where it is new does the XML reader see the record. What was parsed
once means the same again, so the answer is exactly the parser's.

That holds only where ``<record>`` in the text is a record: not in a comment, CDATA section or processing instruction.
From the first of those on, everything goes to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_START = b"<record>"
_END = b"</record>"
_FIGURE = rb"([^<>&\r\x7f-\xff]*)"
"""Text that an XML reader gives as it stands."""
_plain = re.compile(rb"<record>\s*<row>\s*<source_ip>" + _FIGURE + rb"</source_ip>\s*<count>" + _FIGURE + rb"</count>").match
_TWICE = re.compile(rb"<(?:[\w.-]+:)?(?:source_ip|count|record|row)[\s/>]", re.I)
_LONGEST = 64 * 1024
"""A longer record is the parser's."""


class PlainRecord(NamedTuple):
    """A record cut into its two figures and the rest, as UTF-8 text."""

    source_ip: bytes
    messages: bytes
    rest: bytes

    @property
    def repeatable(self) -> bool:
        """Its rest alone decides everything but the two figures."""
        return _TWICE.search(self.rest) is None


class Segment(NamedTuple):
    """Text in order. ``plain`` is set when it is one whole record of the plain form."""

    text: bytes
    plain: PlainRecord | None


def segments(pieces: Iterable[bytes]) -> Iterator[Segment]:
    """The same text, cut where plain records begin and end. White space between records is left out."""
    held = last = b""
    markup = False
    for piece in pieces:
        seen = last + piece
        markup = markup or b"<!" in seen or b"<?" in seen
        last = piece[-1:]
        held += piece
        if markup:
            yield Segment(held, None)
            held = b""
            continue
        at = 0
        while True:
            start = held.find(_START, at)
            end = held.find(_END, start) if start >= 0 else -1
            if end < 0:
                break
            if held[at:start].strip():
                yield Segment(held[at:start], None)
            at = end + len(_END)
            yield Segment(held[start:at], _cut(held, start, end))
        keep = start if start >= 0 else max(at, len(held) - len(_START))
        if len(held) - keep > _LONGEST:
            keep = len(held)
        if keep > at:
            yield Segment(held[at:keep], None)
        held = held[keep:]
    if held:
        yield Segment(held, None)


def _cut(text: bytes, start: int, end: int) -> PlainRecord | None:
    match = _plain(text, start, end)
    return PlainRecord(match[1], match[2], text[match.end() : end]) if match else None
