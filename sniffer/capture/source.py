"""Windows of capture bytes from a file, a pipe or a decompressor.

A file is mapped; each window's pages are touched before and released after use. Anything else is read into one buffer
that is used again. Either way a window has ``PAD`` readable bytes after its end, memory does not grow with the capture,
and a record that the window cuts is seen whole in the next one.
"""

from __future__ import annotations

import mmap
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import zstandard

from sniffer.capture.records import PAD, Octets
from sniffer.errors import CaptureError, DamagedCompression

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
PIECE = 1 << 20
_FEED = 1 << 13
_FAULT_AROUND = 1 << 16
"""Touching one octet makes Linux map so much around it, where it is cached: a quarter cheaper than MADV_POPULATE_READ."""
_GZIP_WINDOW = 31
"""zlib's word for: gzip wrapping, largest window."""


@dataclass(frozen=True, slots=True)
class Window:
    """``size`` bytes of the capture from byte ``base`` on; ``buffer`` is PAD bytes longer."""

    buffer: Octets
    size: int
    base: int
    final: bool
    """Nothing follows."""
    whole: Octets | None = None
    """All of the capture, of which ``buffer`` is a part, where it stays readable after the window."""
    broken: CaptureError | None = None
    """Why nothing follows, when that is damage of the compressed stream."""


class Source(Protocol):
    """Bytes of a capture, taken by windows."""

    def window(self, size: int) -> Window:
        """The next ``size`` bytes not yet consumed, fewer at the end."""
        ...

    def consume(self, size: int) -> None:
        """The next window begins ``size`` bytes later."""
        ...


class Readable(Protocol):
    """Anything that fills a buffer and returns how many bytes, 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class Compressed(Protocol):
    """Anything that is read by pieces."""

    def read(self, size: int, /) -> bytes: ...


class MappedFile:
    """A regular file."""

    def __init__(self, file: BinaryIO) -> None:
        self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._bytes = np.frombuffer(self._map, np.uint8)
        self._at = 0
        self._released = 0

    def window(self, size: int) -> Window:
        stop = min(self._at + size, len(self._bytes))
        self._advise(stop)
        final = stop + PAD > len(self._bytes)
        if not final:
            return Window(self._bytes[self._at : stop + PAD], stop - self._at, self._at, False, self._bytes)
        stop = len(self._bytes)
        padded = np.zeros(stop - self._at + PAD, np.uint8)
        padded[: stop - self._at] = self._bytes[self._at : stop]
        return Window(padded, stop - self._at, self._at, True)

    def consume(self, size: int) -> None:
        self._at += size

    def peek(self, at: int, size: int) -> bytes:
        """Some bytes of the file, wherever the windows are."""
        return self._bytes[at : at + size].tobytes()

    def __len__(self) -> int:
        return len(self._bytes)

    def _advise(self, stop: int) -> None:
        page = mmap.PAGESIZE
        start = self._at // page * page
        if start > self._released:
            # once more what was released the last times: somebody may have looked back
            begin = max(0, 2 * self._released - start) // page * page
            self._map.madvise(mmap.MADV_DONTNEED, begin, start - begin)
            self._released = start
        self._bytes[start:stop:_FAULT_AROUND].sum()


class ByteStream:
    """A pipe, a socket, a decompressor: read once, in order."""

    def __init__(self, stream: Readable, head: bytes = b"") -> None:
        self._stream = stream
        self._buffer = np.frombuffer(head + bytes(PAD), np.uint8).copy()
        self._base = 0
        self._from = 0
        self._to = len(head)
        self._ended = False
        self._broken: CaptureError | None = None

    def window(self, size: int) -> Window:
        self._make_room(size)
        while not self._ended and self._to - self._from < size:
            got = self._read(self._to, min(self._from + size, self._to + PIECE))
            self._ended = not got
            self._to += got
        part = self._buffer[self._from : self._to + PAD]
        return Window(part, self._to - self._from, self._base, self._ended, broken=self._broken)

    def _read(self, start: int, stop: int) -> int:
        with self._buffer.data as room:
            try:
                return self._stream.readinto(room[start:stop]) or 0
            except CaptureError as error:
                self._broken = error.anew()
                return 0

    def consume(self, size: int) -> None:
        self._from += size
        self._base += size

    def _make_room(self, size: int) -> None:
        held = self._to - self._from
        if len(self._buffer) < size + PAD:
            larger = np.zeros(size + PAD, np.uint8)
            larger[:held] = self._buffer[self._from : self._to]
            self._buffer = larger
        elif self._from:
            self._buffer[:held] = self._buffer[self._from : self._to].copy()
        self._from, self._to = 0, held


class Gunzip:
    """Readable over gzip (RFC 1952), several members too. Fed in small pieces, so that damage costs little of what
    stands before it; output is bounded by the caller's buffer."""

    def __init__(self, stream: Compressed) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)
        self._input = b""
        self._damaged = False
        """Known of the input at hand: it is then read an octet at a time, to the very place."""

    def readinto(self, buffer: memoryview, /) -> int:
        while True:
            self._input = self._input or self._stream.read(_FEED)
            if not self._input:
                if not self._inflate.eof:
                    raise DamagedCompression("the gzip stream is cut")
                return 0
            if self._inflate.eof:
                if not self._input.startswith(GZIP[:1]):  # padding after the last member
                    return 0
                self._inflate = zlib.decompressobj(_GZIP_WINDOW)
            piece, before = self._input[: 1 if self._damaged else None], self._inflate.copy()
            try:
                out = self._inflate.decompress(piece, len(buffer))
            except zlib.error as error:
                if self._damaged:
                    raise DamagedCompression(f"the gzip stream is damaged ({error})") from error
                self._inflate, self._damaged = before, True
                continue
            self._input = (self._inflate.unconsumed_tail or self._inflate.unused_data) + self._input[len(piece) :]
            if out:
                buffer[: len(out)] = out
                return len(out)


class Unzstd:
    """Readable over Zstandard (RFC 8878), several frames too."""

    def __init__(self, stream: Compressed) -> None:
        self._reader = zstandard.ZstdDecompressor().stream_reader(stream, read_size=_FEED, read_across_frames=True)  # type: ignore[arg-type]

    def readinto(self, buffer: memoryview, /) -> int:
        try:
            return self._reader.readinto(buffer[:_FEED])
        except zstandard.ZstdError as error:
            raise DamagedCompression(f"the zstd stream is damaged ({error})") from error


class _Rejoined:
    """A stream whose first bytes were already read."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        if self._head:
            part, self._head = self._head, b""
            return part
        return self._stream.read(size)


def decompressor(magic: bytes, stream: Compressed) -> Readable | None:
    """What undoes the compression that the magic tells; None for none."""
    if magic.startswith(GZIP):
        return Gunzip(stream)
    return Unzstd(stream) if magic.startswith(ZSTD) else None


def from_stream(stream: BinaryIO) -> Source:
    """Windows of a pipe; compressed ones are told by their magic."""
    head = b""
    while len(head) < 4 and (more := stream.read(4 - len(head))):
        head += more
    inner = decompressor(head, _Rejoined(head, stream))
    return ByteStream(inner) if inner else ByteStream(stream, head)  # type: ignore[arg-type]


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Windows of a file: mapped when it is a plain regular file."""
    with path.open("rb", buffering=0) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or not facts.st_size:
            yield from_stream(file)
            return
        magic = os.pread(file.fileno(), 4, 0)
        inner = decompressor(magic, file)
        yield ByteStream(inner) if inner else MappedFile(file)
