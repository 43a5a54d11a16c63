"""gzip (RFC 1952), inflated in bounded pieces.

Members are read by hand around a raw inflater: what comes out before a damaged or missing end is kept, a second member
is not lost in ``unused_data``, and a wrong checksum costs a warning instead of the last piece.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from ingest.reports.budget import Budget
from ingest.reports.errors import BadGzip
from ingest.reports.text import PIECE
from ingest.reports.warnings import Notes

MAGIC = b"\x1f\x8b"
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_HEADER_LIMIT = 128 * 1024


def gunzip(chunks: Iterable[bytes], budget: Budget, notes: Notes) -> Iterator[bytes]:
    """Inflated pieces of at most ``PIECE`` bytes. Raises BadGzip when nothing comes out, TooLarge beyond the budget."""
    source = _Source(iter(chunks))
    came_out = False
    while True:
        try:
            _skip_header(source)
        except EOFError:
            notes.add("archive_truncated")
            break
        for piece in _member(source, budget, notes):
            came_out = True
            yield piece
        if source.ended_early or not source.another_member(notes):
            break
    if not came_out and source.damaged:
        raise BadGzip("damaged in its first block")
    if not came_out and notes.has("archive_truncated"):
        raise BadGzip("cut off in its first block")


class _Source:
    """Compressed bytes with a little look-ahead."""

    __slots__ = ("_chunks", "damaged", "ended_early", "held")

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.held = b""
        self.ended_early = False
        self.damaged = False

    def more(self) -> bool:
        for chunk in self._chunks:
            if chunk:
                self.held += chunk
                return True
        return False

    def take(self, size: int) -> bytes:
        """Raises EOFError when there are fewer."""
        while len(self.held) < size:
            if not self.more():
                raise EOFError
        taken, self.held = self.held[:size], self.held[size:]
        return taken

    def take_text(self) -> None:
        """Skip a zero-terminated text. Raises EOFError, BadGzip when it is endless."""
        while (end := self.held.find(b"\0")) < 0:
            if len(self.held) > _HEADER_LIMIT:
                raise BadGzip("endless name in the header")
            if not self.more():
                raise EOFError
        self.held = self.held[end + 1 :]

    def another_member(self, notes: Notes) -> bool:
        """After a member: padding zeros are passed over; anything but another member is noted and ignored."""
        while True:
            self.held = self.held.lstrip(b"\0")
            if len(self.held) >= len(MAGIC) or not self.more():
                break
        if self.held.startswith(MAGIC):
            return True
        if self.held:
            notes.add("trailing_content")
        return False


def _skip_header(source: _Source) -> None:
    head = source.take(10)
    if head[:2] != MAGIC or head[2] != 8:
        raise BadGzip("no deflate stream")
    flags = head[3]
    if flags & _FEXTRA:
        source.take(int.from_bytes(source.take(2), "little"))
    if flags & _FNAME:
        source.take_text()
    if flags & _FCOMMENT:
        source.take_text()
    if flags & _FHCRC:
        source.take(2)


def _member(source: _Source, budget: Budget, notes: Notes) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    checksum = size = 0
    while not inflater.eof:
        if not source.held and not source.more():
            source.ended_early = True
            notes.add("archive_truncated")
            return
        try:
            piece = inflater.decompress(source.held, PIECE)
        except zlib.error:
            source.ended_early = source.damaged = True
            notes.add("archive_damaged")
            return
        source.held = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        if piece:
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
            budget.inflate(len(piece))
            budget.check_time()
            yield piece
    try:
        trailer = source.take(8)
    except EOFError:
        source.ended_early = True
        notes.add("archive_truncated")
        return
    if int.from_bytes(trailer[:4], "little") != checksum:
        notes.add("checksum_mismatch")
    if int.from_bytes(trailer[4:], "little") != size & 0xFFFFFFFF:
        notes.add("size_mismatch")
