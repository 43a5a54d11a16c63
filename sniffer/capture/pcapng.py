"""Records of the pcapng format (draft-ietf-opsawg-pcapng): sections, interfaces and packet blocks.

A block: type, total length, body padded to 32 bits, total length again. Byte order belongs to the section. Packets are
in Enhanced (6), Simple (3) and obsolete (2) packet blocks; every other block but the section header (0x0A0D0D0A) and
the interface description (1) is passed over.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from sniffer.capture import lanes
from sniffer.capture.records import HEAD, Interface, Ints, Octets, Records, Rows, View
from sniffer.errors import CaptureError, CutShort, DamagedRecord

SECTION = 0x0A0D0D0A
INTERFACE = 1
OBSOLETE = 2
SIMPLE = 3
ENHANCED = 6
LARGEST = 16 << 20
"""No block of ours is larger; Wireshark's own limit."""
_BYTE_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_IF_NAME, _IF_TSRESOL, _IF_TSOFFSET = 2, 9, 14
_NO_ROWS = np.empty(0, np.int64)


def is_pcapng(head: bytes) -> bool:
    """True when the first four bytes are a section header's type."""
    return head[:4] == b"\x0a\x0d\x0d\x0a"


@dataclass(slots=True)
class PcapngReader:
    """State over windows: the section's byte order and all interfaces met."""

    order: str = "<"
    interfaces: list[Interface] = field(default_factory=list)
    base: int = 0
    """Index of the section's first interface."""
    last_time: int = 0

    def read(self, buffer: Octets, size: int, at: int) -> tuple[list[Records], int, CaptureError | None]:
        """Records among the first ``size`` bytes, how many bytes were used up, and what stopped us if it is damage."""
        found: list[Records] = []
        used = 0
        try:
            while size - used >= 12:
                step = self._run(buffer[used:], size - used, found)
                if not step:
                    break
                used += step
        except _Damage as damage:
            return found, used + damage.used, DamagedRecord(damage.text, at + used + damage.used)
        return found, used, None

    def _run(self, buffer: Octets, size: int, found: list[Records]) -> int:
        """Read blocks up to the next section header; returns the bytes used, 0 when more are needed."""
        if bytes(buffer[:4]) == b"\x0a\x0d\x0d\x0a":
            return self._section(buffer, size)
        at, used, damaged = self._blocks(buffer, size)
        view = View(buffer)
        kinds = view.column(at, self.order + "u4")
        pending = 0
        special = np.flatnonzero(kinds == INTERFACE)
        for index in special.tolist():
            self._packets(view, at[pending:index], kinds[pending:index], found)
            self._interface(buffer, int(at[index]))
            pending = index + 1
        self._packets(view, at[pending:], kinds[pending:], found)
        if damaged:
            raise _Damage(damaged, used)
        return used

    def _section(self, buffer: Octets, size: int) -> int:
        order = _BYTE_ORDER.get(bytes(buffer[8:12]))
        if order is None:
            raise _Damage("a section header without its byte-order magic", 0)
        (total,) = struct.unpack_from(order + "I", buffer.data, 4)
        if total < 28 or total % 4 or total > LARGEST:
            raise _Damage(f"a section header of {total} bytes", 0)
        if total > size:
            return 0
        self.order = order
        self.base = len(self.interfaces)
        return int(total)

    def _blocks(self, buffer: Octets, size: int) -> tuple[Ints, int, str]:
        """Whole blocks before the next section header, where they end, and why not further if that is damage."""
        at = self._lanes(buffer, size) if size >= lanes.ENOUGH else None
        if at is None:
            return self._plain(buffer, size)
        view = View(buffer)
        sections = np.flatnonzero(view.column(at, self.order + "u4") == SECTION)
        if len(sections):
            first = int(sections[0])
            return at[:first], int(at[first]), ""
        after = int(at[-1]) + int(view.column(at[-1:] + 4, self.order + "u4")[0])
        return (at[:-1], int(at[-1]), "") if after > size else (at, after, "")

    def _plain(self, buffer: Octets, size: int) -> tuple[Ints, int, str]:
        read = struct.Struct(self.order + "II").unpack_from
        tail = struct.Struct(self.order + "I").unpack_from
        raw = buffer.data
        at, found, damaged = 0, [], ""
        while at <= size - 12:
            kind, total = read(raw, at)
            if kind == SECTION:
                break
            if total < 12 or total % 4 or total > LARGEST:
                damaged = f"a block of {total} bytes"
                break
            if at + total > size:
                break
            if tail(raw, at + total - 4)[0] != total:
                damaged = "a block whose two lengths differ"
                break
            found.append(at)
            at += total
        return np.array(found, np.int64), at, damaged

    def _lanes(self, buffer: Octets, size: int) -> Ints | None:
        starts = self._guess(buffer, size)
        view, word = View(buffer), self.order + "u4"
        lengths = view.each(word, 4)
        at = lanes.walk(starts, size - 11, lengths) if lanes.worthwhile(starts, size) else None
        if at is None:
            return None
        total = np.append(np.diff(at), int(lengths[at[-1]]))
        if ((total < 12) | (total & 3 != 0) | (total > LARGEST)).any():
            return None
        whole = at[:-1] if at[-1] + total[-1] > size else at
        trailing = view.column(whole + total[: len(whole)] - 4, word)
        return at if np.array_equal(trailing, total[: len(whole)]) else None

    def _guess(self, buffer: Octets, size: int) -> Ints:
        mark = struct.pack(self.order + "I", ENHANCED)
        read = struct.Struct(self.order + "I").unpack_from
        raw = buffer.data
        starts = [0]
        for lane in range(lanes.LANE, size - lanes.LANE, lanes.LANE):
            near = bytes(raw[lane : lane + 8192])
            begin = 0
            while (hit := near.find(mark, begin)) >= 0:
                begin = hit + 1
                at = lane + hit
                total = read(raw, at + 4)[0]
                if (
                    at > starts[-1]
                    and 32 <= total <= LARGEST
                    and not total & 3
                    and at + total <= size
                    and read(raw, at + total - 4)[0] == total
                ):
                    starts.append(at)
                    break
        return np.array(starts, np.int64)

    def _interface(self, buffer: Octets, at: int) -> None:
        (total,) = struct.unpack_from(self.order + "I", buffer.data, at + 4)
        if total < 20:
            raise _Damage(f"an interface description of {total} bytes", at)
        link, _, snaplen = struct.unpack_from(self.order + "HHI", buffer.data, at + 8)
        options = _options(bytes(buffer[at + 16 : at + total - 4]), self.order)
        resolution = options.get(_IF_TSRESOL, b"\x06")
        offset = options.get(_IF_TSOFFSET, b"")
        name = options.get(_IF_NAME, b"").rstrip(b"\0").decode("utf-8", "replace") or None
        seconds = struct.unpack(self.order + "q", offset[:8])[0] if len(offset) >= 8 else 0
        self.interfaces.append(Interface(link, name, snaplen, resolution[0] if resolution else 6, seconds))

    def _packets(self, view: View, at: Ints, kinds: Ints, found: list[Records]) -> None:
        packets = (kinds == ENHANCED) | (kinds == SIMPLE) | (kinds == OBSOLETE)
        at, kinds = at[packets], kinds[packets]
        if not len(at):
            return
        simple = kinds == SIMPLE
        if simple.any():
            # Simple blocks have no time and may stand between others: cut the run where the kind changes.
            cuts = np.flatnonzero(simple[1:] != simple[:-1]) + 1
            for part, kind in zip(np.split(at, cuts), np.split(kinds, cuts), strict=True):
                self._simple(view, part, found) if kind[0] == SIMPLE else self._enhanced(view, part, kind, found)
            return
        self._enhanced(view, at, kinds, found)

    def _enhanced(self, view: View, at: Ints, kinds: Ints, found: list[Records]) -> None:
        rows = view.rows(at, _enhanced_layout(self.order))
        interface = rows["interface"].astype(np.int64)
        obsolete = kinds == OBSOLETE
        if obsolete.any():
            interface[obsolete] = view.column(at[obsolete] + 8, self.order + "u2")
        interface += self.base
        captured = rows["captured"].astype(np.int64)
        wrong = (captured > rows["total"].astype(np.int64) - 32) | (interface >= len(self.interfaces))
        if not wrong.any():
            self._found(view, rows, at, captured, interface, found)
            return
        good = int(np.argmax(wrong))
        if good:
            self._found(view, rows[:good], at[:good], captured[:good], interface[:good], found)
        raise _Damage("a packet block with an impossible length or interface", int(at[good]))

    def _found(self, view: View, rows: Rows, at: Ints, captured: Ints, interface: Ints, found: list[Records]) -> None:
        time = self._time((rows["high"].astype(np.uint64) << np.uint64(32)) | rows["low"], interface)
        self.last_time = int(time[-1])
        known = None if len(self.interfaces) == 1 else interface
        found.append(Records(view.buffer, at + 28, captured, time, known, self.interfaces, heads=rows["packet"]))

    def _simple(self, view: View, at: Ints, found: list[Records]) -> None:
        if len(self.interfaces) == self.base:
            raise _Damage("a simple packet block before any interface", int(at[0]))
        word = self.order + "u4"
        room = view.column(at + 4, word).astype(np.int64) - 16
        original = view.column(at + 8, word).astype(np.int64)
        captured = np.maximum(np.minimum(original, room), 0)
        if snaplen := self.interfaces[self.base].snaplen:
            captured = np.minimum(captured, snaplen)
        interface = np.full(len(at), self.base, np.int64)
        time = np.full(len(at), self.last_time, np.int64)
        found.append(Records(view.buffer, at + 12, captured, time, interface, self.interfaces))

    def _time(self, ticks: np.ndarray[tuple[int], np.dtype[np.uint64]], interface: Ints) -> Ints:
        if len(self.interfaces) == 1:
            return _nanoseconds(ticks, self.interfaces[0])
        time = np.empty(len(ticks), np.int64)
        for index in np.unique(interface).tolist():
            mine = interface == index
            time[mine] = _nanoseconds(ticks[mine], self.interfaces[index])
        return time


EARLIEST, LATEST = -(1 << 61), 1 << 62
"""The years 1896 and 2116: the difference of two times is a number of 64 bits."""


class _Damage(Exception):
    """Damage at ``used`` bytes from where the run of blocks began."""

    def __init__(self, text: str, used: int) -> None:
        super().__init__(text)
        self.text = text
        self.used = used


def _nanoseconds(ticks: np.ndarray[tuple[int], np.dtype[np.uint64]], interface: Interface) -> Ints:
    """Ticks of an interface's resolution as nanoseconds since the epoch. Absurd ones wrap, and stay within two bounds."""
    power = interface.resolution & 0x7F
    if interface.resolution & 0x80:
        if power > 32:
            ticks, power = ticks >> np.uint64(min(power - 32, 63)), 32
        whole = ticks >> np.uint64(power)
        part = ticks & np.uint64((1 << power) - 1)
        nanoseconds = whole * np.uint64(1_000_000_000) + (part * np.uint64(1_000_000_000) >> np.uint64(power))
    elif power <= 9:
        nanoseconds = ticks * np.uint64(10 ** (9 - power))
    else:
        nanoseconds = ticks // np.uint64(10 ** min(power - 9, 19))
    shift = max(-(1 << 62), min(interface.offset * 1_000_000_000, 1 << 62))
    bounded: Ints = np.clip(nanoseconds.view(np.int64) + np.int64(shift), EARLIEST, LATEST)
    return bounded


def _options(raw: bytes, order: str) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(raw):
        code, length = struct.unpack_from(order + "HH", raw, at)
        if code == 0 or at + 4 + length > len(raw):
            break
        found.setdefault(code, raw[at + 4 : at + 4 + length])
        at += 4 + (length + 3 & ~3)
    return found


def _enhanced_layout(order: str) -> np.dtype[np.void]:
    words = ("type", "total", "interface", "high", "low", "captured", "original")
    return np.dtype([*((name, order + "u4") for name in words), ("packet", f"V{HEAD}")])


def cut_short(at: int) -> CutShort:
    """The error of a capture that ends inside a block."""
    return CutShort("the capture ends inside a block", at)
