"""IPv4 (RFC 791) and IPv6 (RFC 8200): from an IP header to the header after it.

Rows with options, extension headers and tunnels go the same way as the rest, only fewer of them at a time. Fragments
are taken aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints, View
from sniffer.packets.columns import Cursor
from sniffer.weird import Weird

TCP, UDP, FRAGMENT, AUTHENTICATION = 6, 17, 44, 51
_EXTENSIONS = (0, 43, 51, 60, 135, 139, 140)
_MOST_EXTENSIONS = 8

IP4 = np.dtype(
    [("version", "u1"), ("tos", "u1"), ("total", ">u2"), ("id", ">u2"), ("fragment", ">u2"), ("ttl", "u1"), ("protocol", "u1"),
     ("sum", ">u2"), ("source", "<u4"), ("destination", "<u4")]
)  # fmt: skip
IP6 = np.dtype(
    [("version", ">u4"), ("length", ">u2"), ("next", "u1"), ("hops", "u1"),
     ("source", "<u8", (2,)), ("destination", "<u8", (2,))]
)  # fmt: skip


@dataclass(slots=True)
class Datagrams:
    """What stands after the IP headers of some records."""

    cursor: Cursor
    protocol: npt.NDArray[np.uint8]
    stop: Ints
    """Where the datagram ends by its own length, in the buffer's offsets; may lie beyond what was captured."""
    source: Ints
    """Where the source address stands."""
    family: int
    ends: npt.NDArray[np.uint64]
    """Shape (2, n): source and destination address, folded to 64 bits."""
    fragments: Cursor | None = None
    """The records that are fragments, at their IP header."""

    def pick(self, rows: npt.NDArray[np.int64] | Bools) -> Datagrams:
        """Some of them, by index or mask."""
        return Datagrams(self.cursor.pick(rows), self.protocol[rows], self.stop[rows], self.source[rows], self.family, self.ends[:, rows])


def ip4(view: View, packets: Cursor, weird: Weird) -> Datagrams:
    """IPv4 headers; a total length of 0 (segmentation left to the card) means: all that was captured."""
    packets = _whole(packets, 20, weird)
    header = view.rows(packets.at, IP4)
    size = (header["version"] & 15).astype(np.int64) * 4
    total = header["total"].astype(np.int64)
    total = np.where(total == 0, packets.end - packets.at, total)
    fragmented = (header["fragment"] & 0x3FFF) != 0
    sane = (header["version"] >> 4 == 4) & (size >= 20) & (total >= size)
    ends = np.stack((header["source"], header["destination"])).astype(np.uint64)
    found = Datagrams(packets.skip(size), header["protocol"], packets.at + total, packets.at + 12, 4, ends)
    if fragmented.any():
        found.fragments = packets.pick(fragmented & sane)
    good = sane & ~fragmented
    if good.all():
        return found
    weird.malformed_header += int(len(sane) - np.count_nonzero(sane))
    picked = found.pick(np.flatnonzero(good))
    picked.fragments = found.fragments
    return picked


def ip6(view: View, packets: Cursor, seeds: tuple[np.uint64, np.uint64], weird: Weird) -> Datagrams:
    """IPv6 headers and their extension headers; a payload length of 0 (jumbogram, RFC 2675) means: all captured."""
    packets = _whole(packets, 40, weird)
    header = view.rows(packets.at, IP6)
    length = header["length"].astype(np.int64)
    stop = np.where(length == 0, packets.end, packets.at + 40 + length)
    ends: npt.NDArray[np.uint64] = np.stack([fold(header["source"], seeds), fold(header["destination"], seeds)])
    found = Datagrams(packets.skip(40), header["next"].copy(), stop, packets.at + 8, 6, ends)
    good = header["version"] >> 28 == 6
    if not good.all():
        weird.malformed_header += int(len(good) - np.count_nonzero(good))
        packets, found = packets.pick(good), found.pick(good)
    return _extensions(view, packets, found, weird)


def fold(address: npt.NDArray[np.uint64], seeds: tuple[np.uint64, np.uint64]) -> npt.NDArray[np.uint64]:
    """Addresses of shape (n, 2), in two words each, as one keyed word each."""
    low = address[:, 1] ^ (address[:, 1] >> np.uint64(29))
    return (address[:, 0] * seeds[0] + low * seeds[1]).astype(np.uint64, copy=False)


def _extensions(view: View, packets: Cursor, found: Datagrams, weird: Weird) -> Datagrams:
    """Move rows with extension headers past them (RFC 8200 section 4); fragments are taken out."""
    extended = np.flatnonzero(np.isin(found.protocol, (*_EXTENSIONS, FRAGMENT)))
    if not len(extended):
        return found
    keep = np.ones(len(found.cursor), bool)
    fragmented = np.zeros(len(keep), bool)
    for _ in range(_MOST_EXTENSIONS):
        at, protocol = found.cursor.at[extended], found.protocol[extended]
        short = found.cursor.end[extended] - at < 8
        fragment = (protocol == FRAGMENT) & ~short
        keep[extended[short | fragment]] = False
        fragmented[extended[fragment]] = True
        going = ~(short | fragment)
        extended, at, protocol = extended[going], at[going], protocol[going]
        head = view.column(at, ">u2")
        size = (head & 0xFF).astype(np.int64)
        found.protocol[extended] = (head >> 8).astype(np.uint8)
        found.cursor.at[extended] = at + np.where(protocol == AUTHENTICATION, (size + 2) * 4, (size + 1) * 8)
        extended = extended[np.isin(found.protocol[extended], (*_EXTENSIONS, FRAGMENT))]
        if not len(extended):
            break
    weird.nested_too_deep += len(extended)
    keep[extended] = False
    rest = found.pick(np.flatnonzero(keep))
    rest.fragments = packets.pick(fragmented) if fragmented.any() else None
    return rest


def _whole(packets: Cursor, size: int, weird: Weird) -> Cursor:
    enough = packets.having(size)
    if enough.all():
        return packets
    weird.truncated_header += int(len(enough) - np.count_nonzero(enough))
    return packets.pick(enough)
