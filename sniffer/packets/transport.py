"""TCP headers (RFC 9293) of the ports of interest, and the key of their flow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints, View
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
    return segments_of(found, view.rows(found.cursor.at, TCP), ports, keys, weird)


def segments_of(
    found: Datagrams, header: npt.NDArray[np.void], ports: PortTable, keys: FlowKey, weird: Weird, among: Bools | None = None
) -> Segments | None:
    """The same where the headers are at hand. ``among`` (n) says which rows are TCP; None: all of them."""
    source, destination = header["source"].astype(np.uint16), header["destination"].astype(np.uint16)
    mine = ports.table[source] | ports.table[destination]
    if among is not None:
        mine &= among
    size = (header["size"] >> 4).astype(np.int64) * 4
    length = found.stop - found.cursor.at - size
    sane = (size >= HEADER) & (length >= 0)
    good = np.flatnonzero(mine & sane)
    weird.malformed_header += int(np.count_nonzero(mine) - len(good))
    if not len(good):
        return None
    return _columns(header, found, good, source, destination, size, length, keys, weird)


def _columns(
    header: npt.NDArray[np.void],
    found: Datagrams,
    good: Ints,
    source: npt.NDArray[np.uint16],
    destination: npt.NDArray[np.uint16],
    size: Ints,
    length: Ints,
    keys: FlowKey,
    weird: Weird,
) -> tuple[Columns, Ints]:
    source, destination, length = source[good], destination[good], length[good]
    data = found.cursor.at[good] + size[good]
    captured = np.clip(found.cursor.end[good] - data, 0, length)
    weird.truncated += int(np.count_nonzero(captured < length))
    sender = keys.ends(found.ends[0][good], source, found.family)
    receiver = keys.ends(found.ends[1][good], destination, found.family)
    columns = Columns(
        key=sender + receiver,
        side=(sender > receiver).view(np.uint8),
        seq=header["seq"][good].astype(np.uint32),
        ack=header["ack"][good].astype(np.uint32),
        flags=header["flags"][good],
        length=length,
        captured=captured,
        data=data,
        time=_NONE,
        source=found.source[good],
        family=np.full(len(good), found.family, np.uint8),
        source_port=source,
        destination_port=destination,
        vlan=_NO_TAG,
        interface=_NO_TAG,
    )
    return columns, found.cursor.record[good]


_NONE = np.empty(0, np.int64)
_NO_TAG = np.empty(0, np.int16)
