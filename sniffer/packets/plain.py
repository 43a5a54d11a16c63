"""Most packets at one go: TCP in IPv4 without options, or in IPv6 without extension headers, in untagged Ethernet.

One gather of all three headers costs a third of one for each. What is of any other form is left to the walk through
the layers (``link``, ``network``), which finds the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints, View
from sniffer.packets import network
from sniffer.packets.columns import Cursor
from sniffer.packets.network import IP4, IP6, Datagrams
from sniffer.packets.transport import TCP

Found = tuple[Datagrams, npt.NDArray[np.void]]
"""Datagrams, and their TCP headers."""
_ETHERNET = 14
_FRAME4 = np.dtype([("link", "V12"), ("type", ">u2"), ("ip", IP4), ("tcp", TCP)])
_FRAME6 = np.dtype([("link", "V12"), ("type", ">u2"), ("ip", IP6), ("tcp", TCP)])


def plain_frames(view: View, frames: Cursor, fold: tuple[np.uint64, np.uint64]) -> tuple[list[Found], Cursor]:
    """The plain ones among Ethernet frames, and the frames that are left."""
    found = []
    rows = view.rows(frames.at, _FRAME4)
    kind = rows["type"]
    four = _plain4(rows, frames)
    if len(mine := np.flatnonzero(four)):
        found.append(_datagrams4(rows[mine], frames.pick(mine)))
    if len(six := np.flatnonzero(kind == 0x86DD)):
        some = frames.pick(six)
        rows = view.rows(some.at, _FRAME6)
        plain = np.flatnonzero(_plain6(rows, some))
        four[six[plain]] = True
        if len(plain):
            found.append(_datagrams6(rows[plain], some.pick(plain), fold))
    return found, frames.pick(np.flatnonzero(~four))


def _plain4(rows: npt.NDArray[np.void], frames: Cursor) -> Bools:
    ip = rows["ip"]
    good: Bools = (rows["type"] == 0x0800) & (ip["version"] == 0x45) & (ip["protocol"] == network.TCP)
    good &= (ip["fragment"] & 0x3FFF == 0) & (ip["total"] >= 40) & frames.having(_FRAME4.itemsize)
    return good


def _plain6(rows: npt.NDArray[np.void], frames: Cursor) -> Bools:
    ip = rows["ip"]
    good: Bools = (ip["version"] >> 28 == 6) & (ip["next"] == network.TCP) & (ip["length"] > 0)
    good &= frames.having(_FRAME6.itemsize)
    return good


def _datagrams4(rows: npt.NDArray[np.void], frames: Cursor) -> Found:
    ip = rows["ip"]
    at = frames.at + _ETHERNET
    ends = np.stack((ip["source"], ip["destination"])).astype(np.uint64)
    return _found(frames, 20, at + ip["total"], at + 12, 4, ends, rows)


def _datagrams6(rows: npt.NDArray[np.void], frames: Cursor, fold: tuple[np.uint64, np.uint64]) -> Found:
    ip = rows["ip"]
    at = frames.at + _ETHERNET
    ends = np.stack((network.fold(ip["source"], fold), network.fold(ip["destination"], fold)))
    return _found(frames, 40, at + 40 + ip["length"], at + 8, 6, ends, rows)


def _found(
    frames: Cursor, header: int, stop: Ints, source: Ints, family: int, ends: npt.NDArray[np.uint64], rows: npt.NDArray[np.void]
) -> Found:
    protocol = np.full(len(frames), network.TCP, np.uint8)
    return Datagrams(frames.skip(_ETHERNET + header), protocol, stop, source, family, ends), rows["tcp"]
