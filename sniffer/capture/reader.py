"""Records of a capture of either format, window by window, and its damage at the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sniffer.capture import pcap, pcapng
from sniffer.capture.records import Interface, Ints, Records, View
from sniffer.capture.source import Source, Window
from sniffer.errors import CutShort, DamagedRecord, NotACapture

_HEAD = 32
_RECORDS = 1 << 16
"""Packets that a window should have at most: their columns take more memory than small packets themselves."""


def read_records(source: Source, chunk: int) -> Iterator[Records]:
    """Yield the records of about ``chunk`` bytes at a time, in capture order.

    A damaged or cut capture: what stands before is yielded, then a CaptureError is raised. The buffer of a Records
    is valid until the next one is asked for.
    """
    window = source.window(max(chunk, _HEAD))
    head = bytes(window.buffer[: min(window.size, _HEAD)])
    if pcap.is_pcap(head):
        yield from _pcap(source, head, chunk)
    elif pcapng.is_pcapng(head):
        yield from _pcapng(source, chunk)
    else:
        if window.broken and window.size < _HEAD:  # a whole head tells, however far the stream was read at once
            raise window.broken.anew()
        raise NotACapture("neither pcap nor pcapng" if head else "empty")


def _pcap(source: Source, head: bytes, chunk: int) -> Iterator[Records]:
    fmt = pcap.read_header(head)
    source.consume(pcap.FILE_HEADER)
    yield from pcap_records(source, fmt, chunk)


def pcap_records(source: Source, fmt: pcap.PcapFormat, chunk: int, stop: int | None = None) -> Iterator[Records]:
    """The records from where the source stands; with ``stop``, only those whose header begins before that offset."""
    interfaces = [fmt.interface]
    size = chunk
    while True:
        window = source.window(size)
        found = pcap.find(fmt, window.buffer, window.size)
        mine = len(found.at) if stop is None else int(np.searchsorted(found.at, stop - window.base))
        if mine:
            yield _pcap_window(window, fmt, found.at[:mine], found.captured[:mine], interfaces)
        if stop is not None and window.base + found.next >= stop:
            return
        if found.damaged:
            raise DamagedRecord("a record with an impossible length", window.base + found.next)
        if window.final:
            if window.broken:
                raise window.broken.anew()
            if found.next < window.size:
                raise CutShort("the capture ends inside a record", window.base + found.next)
            return
        source.consume(found.next)
        size = _following(chunk, found.next, len(found.at)) if found.next else size * 2


def _following(chunk: int, size: int, records: int) -> int:
    """How large the next window should be: of small packets as many bytes as hold ``_RECORDS``."""
    return min(chunk, max(chunk // 8, _RECORDS * (size // max(records, 1))))


def _pcap_window(window: Window, fmt: pcap.PcapFormat, at: Ints, captured: Ints, interfaces: list[Interface]) -> Records:
    rows = View(window.buffer).rows(at, fmt.layout())
    end = window.base + fmt.header + int(at[-1] + captured[-1])
    whole, base = (window.buffer, 0) if window.whole is None else (window.whole, window.base)
    lasting = window.whole is not None
    return Records(whole, at + (base + fmt.header), captured, fmt.times(rows), None, interfaces, lasting, end, rows["packet"])


def _pcapng(source: Source, chunk: int) -> Iterator[Records]:
    reader = pcapng.PcapngReader()
    size = chunk
    while True:
        window = source.window(size)
        found, used, damage = reader.read(window.buffer, window.size, window.base)
        yield from found
        if damage:
            raise damage.anew()
        if window.final:
            if window.broken:
                raise window.broken.anew()
            if used < window.size:
                raise pcapng.cut_short(window.base + used)
            return
        source.consume(used)
        size = chunk if used else size * 2
