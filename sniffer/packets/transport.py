"""TCP headers (RFC 9293) of the ports of interest, and the key of their flow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints, Rows, View
from sniffer.packets.columns import Columns
from sniffer.packets.network import Datagrams
from sniffer.weird import Weird

HEADER = 20
TCP = np.dtype(
    [("source", ">u2"), ("destination", ">u2"), ("seq", ">u4"), ("ack", ">u4"), ("size", "u1"), ("flags", "u1"),
     ("window", ">u2"), ("sum", ">u2"), ("urgent", ">u2")]
)  # fmt: skip
U64 = npt.NDArray[np.uint64]


class PortTable:
    """Which ports are of interest, looked up by the number."""

    def __init__(self, ports: frozenset[int], any_port: bool) -> None:
        self.table = np.full(65536, any_port)
        self.table[list(ports)] = True

    def concern(self, header: Rows) -> Bools:
        """Which TCP headers (n) are from or to one of them."""
        mine: Bools = self.table[header["source"].astype(np.uint16)]
        mine |= self.table[header["destination"].astype(np.uint16)]
        return mine


class FlowKey:
    """A keyed 64-bit hash of both ends, the same in both directions; its seeds are drawn once a process."""

    def __init__(self, seeds: tuple[int, int, int, int]) -> None:
        first, second, third, fourth = (np.uint64(seed | 1) for seed in seeds)
        self.fold = (first, second)
        self._port = third
        self._mix = fourth

    def ends(self, address: U64, port: npt.NDArray[np.uint16], family: int) -> U64:
        """One end as 64 well-mixed bits."""
        mixed = address * self.fold[0] + (port.astype(np.uint64) + np.uint64(family << 16)) * self._port
        mixed ^= mixed >> np.uint64(32)
        mixed *= self._mix
        mixed ^= mixed >> np.uint64(29)
        mixed *= self.fold[1]
        mixed ^= mixed >> np.uint64(32)
        return mixed


Segments = tuple[Columns, Ints]
"""Segments, and the records they are in."""


def segments(view: View, found: Datagrams, ports: PortTable, keys: FlowKey, weird: Weird) -> Segments | None:
    """The TCP segments of interest among datagrams of protocol 6."""
    whole = found.cursor.having(HEADER)
    if not whole.all():
        weird.truncated_header += int(len(whole) - np.count_nonzero(whole))
        found = found.pick(np.flatnonzero(whole))
    header = view.rows(found.cursor.at, TCP)
    mine = ports.concern(header)
    if not mine.all():
        found, header = found.pick(np.flatnonzero(mine)), header[mine]
    return segments_of(found, header, keys, weird)


def segments_of(found: Datagrams, header: Rows, keys: FlowKey, weird: Weird) -> Segments | None:
    """The same where the headers are at hand and all are of interest."""
    data = found.cursor.at + ((header["size"] & 0xF0) >> 2)
    length = found.stop - data
    sane = (header["size"] >= HEADER << 2) & (length >= 0)
    if not sane.all():
        good = np.flatnonzero(sane)
        weird.malformed_header += len(sane) - len(good)
        found, header, data, length = found.pick(good), header[good], data[good], length[good]
    return (_columns(header, found, data, length, keys, weird), found.cursor.record) if len(data) else None


def _columns(header: Rows, found: Datagrams, data: Ints, length: Ints, keys: FlowKey, weird: Weird) -> Columns:
    source, destination = header["source"].astype(np.uint16), header["destination"].astype(np.uint16)
    captured = np.minimum(found.cursor.end - data, length)
    if cut := np.count_nonzero(captured < length):
        weird.truncated += int(cut)
        np.maximum(captured, 0, out=captured)
    sender = keys.ends(found.ends[0], source, found.family)
    receiver = keys.ends(found.ends[1], destination, found.family)
    return Columns(
        key=sender + receiver,
        side=(sender > receiver).view(np.uint8),
        seq=header["seq"].astype(np.uint32),
        ack=header["ack"].astype(np.uint32),
        flags=header["flags"].copy(),
        length=length,
        captured=captured,
        data=data,
        time=_NONE,
        source=found.source,
        family=np.full(len(data), found.family, np.uint8),
        source_port=source,
        destination_port=destination,
        vlan=_NO_TAG,
        interface=_NO_TAG,
    )


_NONE = np.empty(0, np.int64)
_NO_TAG = np.empty(0, np.int16)
