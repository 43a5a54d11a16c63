"""The mails of an mbox, one at a time, in bounded memory.

A separator is a line that starts with ``From `` at the start of the file or after an empty line (RFC 4155). ``>From ``
loses one ``>`` (mboxrd): the mail as it was sent, which a DKIM signature was made over. Line endings stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

PIECE = 64 * 1024
"""Longest piece of a line read at once."""

_QUOTED = re.compile(rb">+From ")
_EMPTY = (b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class MailTooLarge:
    """A mail of an mbox that is over the limit; it was passed over."""

    number: int
    """Place in the file, from 1."""
    size: int
    """Bytes, as they stand in the file."""


def read_mbox(stream: BinaryIO, limit: int) -> Iterator[bytes | MailTooLarge]:
    """Each mail in the file's order, without its separator line and the empty line before the next one."""
    mail = _Mail(limit)
    number = 0
    after_empty, at_start = True, True
    while piece := stream.readline(PIECE):
        if at_start and after_empty and piece.startswith(b"From "):
            if number:
                yield mail.finish(number)
            number += 1
            mail = _Mail(limit)
            if not piece.endswith(b"\n"):
                _skip_line(stream)
            after_empty, at_start = False, True
            continue
        unquoted = piece[1:] if at_start and _QUOTED.match(piece) else piece
        mail.add(unquoted)
        after_empty = at_start and piece in _EMPTY
        at_start = piece.endswith(b"\n")
    if number:
        yield mail.finish(number)


class _Mail:
    """One mail while it is read; over the limit it is only counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._body = BytesIO()

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit:
            self._body.write(piece)
        elif self._body.tell():
            self._body = BytesIO()

    def finish(self, number: int) -> bytes | MailTooLarge:
        if self._size > self._limit:
            return MailTooLarge(number, self._size)
        body = self._body.getvalue()
        for ending in (b"\r\n\r\n", b"\n\n"):  # the empty line that belongs to the next separator
            if body.endswith(ending):
                return body[: -len(ending) // 2]
        return body


def _skip_line(stream: BinaryIO) -> None:
    while piece := stream.readline(PIECE):
        if piece.endswith(b"\n"):
            return
