"""The lines of a log: plain, gzip or zstd, each of bounded length."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from typing import BinaryIO, cast

from sniffer.capture.source import PIECE, Readable, decompressor
from sniffer.errors import CaptureError

_MAGIC = 4


class _Inflated(RawIOBase):
    """What a decompressor gives, as a file."""

    def __init__(self, inner: Readable) -> None:
        super().__init__()
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer
        return self._inner.readinto(memoryview(buffer)) or 0


class _Looked(RawIOBase):
    """A stream whose first bytes were looked at."""

    def __init__(self, head: bytes, stream: BufferedReader) -> None:
        super().__init__()
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer
        if not self._head:
            return self._stream.readinto1(buffer)
        part, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def log_lines(stream: BinaryIO, longest: int) -> Iterator[bytes | CaptureError | None]:
    """Each line without its end; None for one longer than ``longest``; at last the error that ended a compressed stream."""
    buffered = stream if isinstance(stream, BufferedReader) else BufferedReader(cast(RawIOBase, stream), PIECE)
    head = buffered.read(_MAGIC)  # a pipe may give less at a time, so that to peek is not enough
    whole = BufferedReader(cast(RawIOBase, _Looked(head, buffered)), PIECE)
    inner = decompressor(head, whole)
    text = whole if inner is None else BufferedReader(cast(RawIOBase, _Inflated(inner)), PIECE)
    try:
        while line := text.readline(longest + 1):
            if line.endswith(b"\n") or len(line) <= longest:
                yield line.rstrip(b"\r\n")
            else:
                _skip(text, longest)
                yield None
    except CaptureError as error:
        yield error


def _skip(text: BufferedReader[RawIOBase], step: int) -> None:
    while (piece := text.readline(step)) and not piece.endswith(b"\n"):
        pass
