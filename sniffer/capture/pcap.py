"""Records of the classic capture format (pcap-savefile): both byte orders, micro- and nanoseconds.

File header, 24 bytes: magic, version, zone, figures, snaplen, link type (the top 4 bits tell about frame check
sequences). Record header, 16 bytes (24 in the variant of Alexey Kuznetzov): seconds, fraction, captured, original.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sniffer.capture import lanes
from sniffer.capture.records import HEAD, Bools, Interface, Ints, Octets, Rows, View
from sniffer.errors import CutShort, NotACapture

FILE_HEADER = 24
LARGEST = 262_144
"""No writer captures more of a packet; a larger length is damage, unless the file's own snaplen allows it."""
LARGEST_SNAPLEN = 1 << 20

_MAGIC = {  # as read little-endian: byte order, nanoseconds a unit of the fraction, record header's length
    0xA1B2C3D4: ("<", 1000, 16),
    0xD4C3B2A1: (">", 1000, 16),
    0xA1B23C4D: ("<", 1, 16),
    0x4D3CB2A1: (">", 1, 16),
    0xA1B2CD34: ("<", 1000, 24),
    0x34CDB2A1: (">", 1000, 24),
}


@dataclass(frozen=True, slots=True)
class PcapFormat:
    """What the file header says."""

    order: str
    unit: int
    header: int
    largest: int
    interface: Interface

    def layout(self) -> np.dtype[np.void]:
        """The record header's used part and the packet's head."""
        word = self.order + "u4"
        return np.dtype([("seconds", word), ("fraction", word), ("lengths", f"V{self.header - 8}"), ("packet", f"V{HEAD}")])

    def times(self, rows: Rows) -> Ints:
        """Nanoseconds since the epoch of records in that layout."""
        time = rows["seconds"] * np.int64(1_000_000_000)
        time += rows["fraction"] * np.int64(self.unit)
        return time


def is_pcap(head: bytes) -> bool:
    """True when the first four bytes are one of the format's magic numbers."""
    return len(head) >= 4 and int.from_bytes(head[:4], "little") in _MAGIC


def read_header(head: bytes) -> PcapFormat:
    """The 24 bytes at the start of the file; CutShort, NotACapture."""
    if len(head) < FILE_HEADER:
        raise CutShort("the capture ends inside its file header", len(head))
    order, unit, header = _MAGIC[int.from_bytes(head[:4], "little")]
    major, _, _, _, snaplen, link = struct.unpack(order + "HHiIII", head[4:FILE_HEADER])
    if major != 2:
        raise NotACapture(f"pcap version {major} is not known")
    largest = max(LARGEST, snaplen if snaplen <= LARGEST_SNAPLEN else 0)
    return PcapFormat(order, unit, header, largest, Interface(link & 0xFFFF, None, snaplen))


@dataclass(frozen=True, slots=True)
class Found:
    """Whole records of a window: where their headers are, and where the next, not whole one begins."""

    at: Ints
    captured: Ints
    next: int
    damaged: bool
    """True: what stands at ``next`` cannot be a record."""


def _found(fmt: PcapFormat, at: Ints, following: int, damaged: bool) -> Found:
    captured = np.empty_like(at)
    np.subtract(at[1:], at[:-1], out=captured[:-1])
    captured[-1:] = following - at[-1:]
    captured -= fmt.header
    return Found(at, captured, following, damaged)


def find(fmt: PcapFormat, buffer: Octets, size: int) -> Found:
    """The whole records among the first ``size`` bytes, of which the first begins at 0."""
    return (_lanes(fmt, buffer, size) if size >= lanes.ENOUGH else None) or _plain(fmt, buffer, size)


def _plain(fmt: PcapFormat, buffer: Octets, size: int) -> Found:
    read = struct.Struct(fmt.order + "I").unpack_from
    at, found, largest, header = 0, [], fmt.largest, fmt.header
    last = size - header
    damaged = False
    raw = buffer.data
    while at <= last:
        (captured,) = read(raw, at + 8)
        if captured > largest:
            damaged = True
            break
        after = at + header + captured
        if after > size:
            break
        found.append(at)
        at = after
    return _found(fmt, np.array(found, np.int64), at, damaged)


def _lanes(fmt: PcapFormat, buffer: Octets, size: int) -> Found | None:
    lengths = View(buffer).each(fmt.order + "u4", 8)
    starts = _guess(fmt, buffer, size)
    at = lanes.walk(starts, size - fmt.header + 1, lengths, fmt.header) if lanes.worthwhile(starts, size) else None
    if at is None:
        return None
    following = int(at[-1]) + fmt.header + int(lengths[at[-1]])
    found = _found(fmt, at, following, False)
    if found.captured.max() > fmt.largest:
        return None
    if following > size:
        return Found(at[:-1], found.captured[:-1], int(at[-1]), False)
    return found  # fewer bytes than a record header are left


def _guess(fmt: PcapFormat, buffer: Octets, size: int) -> Ints:
    """Likely record starts, about one a lane: the seconds' upper half changes only every 18 hours."""
    upper = slice(2, 4) if fmt.order == "<" else slice(0, 2)
    raw = buffer.data
    mark = bytes(raw[upper])
    search = _header(mark, fmt.order).search
    near = (search(raw, lane, lane + _NEAR) for lane in range(lanes.LANE, size - lanes.LANE, lanes.LANE))
    at = np.array([hit.start() - upper.start for hit in near if hit], np.int64)
    starts = at[_are_plausible(fmt, buffer, at, mark, upper, size)]
    return np.concatenate(([0], starts[np.diff(starts, prepend=0) > 0]))


def _header(mark: bytes, order: str) -> re.Pattern[bytes]:
    """A record header from the seconds' upper half on: the fraction, and two lengths below 64 KiB."""
    between = rb".{6}\0\0.." if order == "<" else rb".{6}\0\0..\0"
    return re.compile(re.escape(mark) + between, re.DOTALL)


def _are_plausible(fmt: PcapFormat, buffer: Octets, at: Ints, mark: bytes, upper: slice, size: int) -> Bools:
    """As ``_plausible``, of many places."""
    view = View(buffer)
    head = view.rows(at, np.dtype([(name, fmt.order + "u4") for name in ("seconds", "fraction", "captured", "original")]))
    captured = head["captured"].astype(np.int64)
    good: Bools = (captured <= head["original"]) & (captured <= fmt.largest) & (captured >= _SMALLEST)
    good &= head["fraction"] < 1_000_000_000 // fmt.unit
    after = np.where(good, at + fmt.header + captured, size)
    inside = after + 4 <= size
    good[inside] &= view.column(after[inside] + upper.start, "<u2") == int.from_bytes(mark, "little")
    return good


def copied(fmt: PcapFormat, peek: Callable[[int, int], bytes], places: Ints) -> bytes:
    """The records at these places of a file, once each, in its order. ``peek`` gives so many bytes from a place on."""
    captured = struct.Struct(fmt.order + "I").unpack_from
    return b"".join([peek(at, fmt.header + captured(peek(at + 8, 4))[0]) for at in np.unique(places).tolist()])


def time_of(fmt: PcapFormat, near: bytes, at: int = 0) -> int:
    """Nanoseconds since the epoch of the record whose header stands there."""
    seconds, fraction = struct.unpack_from(fmt.order + "II", near, at)
    return int(seconds * 1_000_000_000 + fraction * fmt.unit)


_SMALLEST = 14
"""Bytes of a packet that is worth a lane."""
_NEAR = 4096
"""Bytes searched for a record's start: a few full packets."""
_CHAIN = 32
"""So many records that follow each other are no chance."""


def first_record(fmt: PcapFormat, near: bytes, mark: bytes) -> tuple[int, int] | None:
    """Where, in the middle of a capture, a record very likely begins, and its time in nanoseconds. ``mark`` is the
    first record's header."""
    upper = slice(2, 4) if fmt.order == "<" else slice(0, 2)
    read = struct.Struct(fmt.order + "IIII").unpack_from
    raw = memoryview(near)
    begin = 0
    while (hit := near.find(mark[upper], begin)) >= 0:
        begin = hit + 1
        at = start = hit - upper.start
        for _ in range(_CHAIN):
            if not 0 <= at <= len(near) - 64 or not _plausible(fmt, raw, at, read(near, at), mark[upper], upper, len(near)):
                break
            at += fmt.header + read(near, at)[2]
        else:
            return start, time_of(fmt, near, start)
    return None


def _plausible(fmt: PcapFormat, raw: memoryview, at: int, head: tuple[int, ...], mark: bytes, upper: slice, size: int) -> bool:
    _, fraction, captured, original = head
    if captured > original or captured > fmt.largest or captured < _SMALLEST or fraction >= 1_000_000_000 // fmt.unit:
        return False
    after = at + fmt.header + captured
    return after + 4 > size or bytes(raw[after + upper.start : after + upper.stop]) == mark
