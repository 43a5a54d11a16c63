"""mbox files (RFC 4155), one message after another from flat memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

_SEPARATOR = re.compile(rb"From \S.*\d{4}|From \S+@\S+")
_QUOTED = re.compile(rb"^>(>*From )", re.M)
_LINE = 64 * 1024


def lines_of(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream whose first bytes were read already; endless ones in pieces."""
    lines = head.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += stream.readline(_LINE)
    yield from lines
    yield from iter(lambda: stream.readline(_LINE), b"")


def split_mbox(lines: Iterable[bytes], limit: int) -> Iterator[bytes | None]:
    """Each message, without its separator line and ``>From`` quoting. None for one longer than ``limit`` bytes."""
    held = bytearray()
    size = 0
    begun = False
    after_blank = True
    for line in lines:
        if after_blank and _SEPARATOR.match(line):
            if begun:
                yield _message(held, size, limit)
            begun, held, size = True, bytearray(), 0
        else:
            begun = True
            size += len(line)
            if size <= limit:
                held += line
        after_blank = not line.strip(b"\r\n")
    if begun:
        yield _message(held, size, limit)


def _message(held: bytearray, size: int, limit: int) -> bytes | None:
    return _QUOTED.sub(rb"\1", bytes(held)) if size <= limit else None
