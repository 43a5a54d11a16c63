"""The segment file's format: frames made, checked, and found again after damage. Pure: bytes come in as an argument.

The layout is specified in the package's docstring.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import google_crc32c

VERSION: Final = 1
SUFFIX: Final = ".seg"
_FILE_MAGIC: Final = b"STRIPSPL"
_FRAME_MAGIC: Final = b"\xf7SWR"
_HEADER = struct.Struct("<8sHH8s40s")
_FRAME = struct.Struct("<4s8sIIqI")
_CRC = struct.Struct("<I")
HEADER_BYTES: Final = _HEADER.size + _CRC.size
FRAME_BYTES: Final = _FRAME.size + _CRC.size
MARKER_BYTES: Final = 8
_CHUNK: Final = 1 << 20

Read = Callable[[int, int], bytes]
"""(offset, size) → the bytes there; fewer only at the end of the file."""


def checksum(data: bytes) -> int:
    """CRC32C (Castagnoli, as in RFC 3720)."""
    crc: int = google_crc32c.value(data)
    return crc


def segment_name(producer: str, counter: int) -> str:
    return f"{producer}-{counter:08d}"


def record_id(segment: str, number: int) -> str:
    return f"{segment}-{number:07d}"


def encode_header(segment: str, marker: bytes) -> bytes:
    head = _HEADER.pack(_FILE_MAGIC, VERSION, HEADER_BYTES, marker, segment.encode("ascii"))
    return head + _CRC.pack(checksum(head))


def encode_frame(marker: bytes, number: int, arrived_at: int, length: int, payload_crc: int) -> bytes:
    """What stands before a payload."""
    head = _FRAME.pack(_FRAME_MAGIC, marker, number, length, arrived_at, payload_crc)
    return head + _CRC.pack(checksum(head))


@dataclass(frozen=True, slots=True)
class Frame:
    """One record's frame, its own CRC checked."""

    marker: bytes
    number: int
    length: int
    arrived_at: int
    payload_crc: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A record whose payload is as it was written."""

    start: int
    end: int
    number: int
    arrived_at: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Bad:
    """Bytes that are no whole record. ``records``: how many records that cost, as far as the numbers tell."""

    start: int
    end: int
    number: int
    """The number the next whole record is expected to have."""
    records: int
    kind: Literal["torn", "damaged"]
    """``torn``: the file ends there as an interrupted write leaves it. ``damaged``: anything else."""


class UnknownVersion(Exception):
    """The segment file was written by a later version; it must be left alone."""

    reason = "segment_version"


def decode_frame(raw: bytes, marker: bytes | None) -> Frame | None:
    """The frame at the start of ``raw``; None if its CRC is wrong, it is cut short, or it is another file's."""
    if len(raw) < FRAME_BYTES or not raw.startswith(_FRAME_MAGIC):
        return None
    if _CRC.unpack_from(raw, _FRAME.size)[0] != checksum(raw[: _FRAME.size]):
        return None
    _, found, number, length, arrived_at, payload_crc = _FRAME.unpack_from(raw)
    if marker is not None and found != marker:
        return None
    return Frame(found, number, length, arrived_at, payload_crc)


@dataclass(frozen=True, slots=True)
class Marker:
    """A file's marker; None if no record can be found in it. ``damaged``: its header could not tell."""

    value: bytes | None
    damaged: bool = False


def find_marker(read: Read, size: int) -> Marker:
    """The file's marker: from its header, else from the first frame whose CRC is right.

    Raises UnknownVersion for a whole header of a later version.
    """
    head = read(0, HEADER_BYTES)
    if len(head) == HEADER_BYTES and head.startswith(_FILE_MAGIC) and _CRC.unpack_from(head, _HEADER.size)[0] == checksum(head[:-4]):
        _, version, _, marker, _ = _HEADER.unpack_from(head)
        if version != VERSION:
            raise UnknownVersion(f"version {version}")
        return Marker(bytes(marker))
    found = _find_frame(_Window(read), 0, size, None)
    return Marker(found[1].marker if found else None, damaged=True)


def last_number(read: Read, size: int, start: int, marker: bytes) -> int | None:
    """Number of the last frame that begins in [start, size), found from the end; payloads are not checked."""
    sync = _FRAME_MAGIC + marker
    end = size
    while end > start:
        begin = max(start, end - 65_536)
        data = read(begin, min(size - begin, end - begin + FRAME_BYTES))
        at = len(data)
        while (at := data.rfind(sync, 0, at + len(sync) - 1)) >= 0:
            if frame := decode_frame(data[at : at + FRAME_BYTES], marker):
                return frame.number
        end = begin
    return None


def scan(read: Read, size: int, *, start: int, number: int, marker: bytes | None, final: bool) -> Iterator[Whole | Bad]:
    """Whole records and damage from ``start`` to ``size``, in order, each byte once; it always ends.

    ``number`` is the next record's expected number. ``final``: nobody writes the file any more, so what follows the
    last whole record is damage; otherwise it may still be being written, and is left for a later scan.
    """
    window = _Window(read)
    position = start
    while position < size and marker is not None:
        frame = decode_frame(window.at(position, FRAME_BYTES), marker)
        end = position + FRAME_BYTES + frame.length if frame else 0
        if frame is not None and end <= size:
            payload = window.at(position + FRAME_BYTES, frame.length)
            if len(payload) == frame.length and checksum(payload) == frame.payload_crc:
                if frame.number > number:
                    yield Bad(position, position, frame.number, frame.number - number, "damaged")
                yield Whole(position, end, frame.number, frame.arrived_at, payload)
                position, number = end, frame.number + 1
                continue
        after = _next_frame(window, position, end, size, marker, frame)
        if after is None:
            break
        found, following = after
        yield Bad(position, found, max(number, following.number), max(0, following.number - number), "damaged")
        position, number = found, max(number, following.number)
    if final and position < size:
        yield _tail(window, position, size, number, marker)


class _Window:
    """One chunk of the file, kept, so that small reads do not each cost a call."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._start = 0
        self._data = b""

    def at(self, offset: int, size: int) -> bytes:
        begin = offset - self._start
        if begin < 0 or begin + size > len(self._data):
            self._start, begin = offset, 0
            self._data = self._read(offset, max(size, _CHUNK))
        return self._data[begin : begin + size]


def _next_frame(window: _Window, position: int, end: int, size: int, marker: bytes, frame: Frame | None) -> tuple[int, Frame] | None:
    """Where the next frame stands: right after this one's payload when its own frame is whole, else wherever it is found."""
    if frame is not None and end < size and (following := decode_frame(window.at(end, FRAME_BYTES), marker)):
        return end, following
    return _find_frame(window, position + 1, size, marker)


def _find_frame(window: _Window, start: int, size: int, marker: bytes | None) -> tuple[int, Frame] | None:
    """The first frame at or after ``start`` whose CRC is right."""
    sync = _FRAME_MAGIC + (marker or b"")
    while start + FRAME_BYTES <= size:
        data = window.at(start, min(_CHUNK, size - start))
        if len(data) < FRAME_BYTES:
            return None
        at = -1
        while (at := data.find(sync, at + 1)) >= 0:
            if frame := decode_frame(window.at(start + at, FRAME_BYTES), marker):
                return start + at, frame
        start += len(data) - len(sync) + 1
    return None


def _tail(window: _Window, position: int, size: int, number: int, marker: bytes | None) -> Bad:
    """What stands after the last whole record of a file that nobody writes any more."""
    zeros, torn = _is_zero(window, position, size), False
    if not zeros and marker is not None:
        head = window.at(position, FRAME_BYTES)[: size - position]
        frame = decode_frame(head, marker)
        sync = _FRAME_MAGIC + marker
        torn = position + FRAME_BYTES + frame.length > size if frame else len(head) < FRAME_BYTES and head[: len(sync)] == sync[: len(head)]
    return Bad(position, size, number, 0 if zeros else 1, "torn" if zeros or torn else "damaged")


def _is_zero(window: _Window, position: int, size: int) -> bool:
    while position < size:
        piece = window.at(position, min(_CHUNK, size - position))
        if not piece or piece.count(0) != len(piece):
            return not piece
        position += len(piece)
    return True
