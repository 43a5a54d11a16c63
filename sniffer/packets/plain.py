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

Found = tuple[Datagrams, npt.NDArray[np.void], Bools]
"""Datagrams, their TCP headers, and which of the rows are plain. The others are not taken out, as indexing structured
rows by a mask costs more than all the rest."""
_ETHERNET = 14
_FRAME4 = np.dtype([("link", "V12"), ("type", ">u2"), ("ip", IP4), ("tcp", TCP)])
_FRAME6 = np.dtype([("link", "V12"), ("type", ">u2"), ("ip", IP6), ("tcp", TCP)])


def plain_frames(view: View, frames: Cursor, fold: tuple[np.uint64, np.uint64]) -> tuple[list[Found], Cursor]:
    """The plain ones among Ethernet frames, and the frames that are left."""
    rows = view.rows(frames.at, _FRAME4)
    kind = rows["type"]
    taken = _plain4(rows, frames)
    found = [_found4(rows, frames, taken)] if taken.any() else []
    six = np.flatnonzero(kind == 0x86DD)
    if len(six):
        frames6 = frames.pick(six)
        rows = view.rows(frames6.at, _FRAME6)
        plain = _plain6(rows, frames6)
        if plain.any():
            found.append(_found6(rows, frames6, plain, fold))
        taken = taken.copy()
        taken[six[plain]] = True
    return found, frames.pick(np.flatnonzero(~taken))


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


def _found4(rows: npt.NDArray[np.void], frames: Cursor, plain: Bools) -> Found:
    ip = rows["ip"]
    at = frames.at + _ETHERNET
    ends = np.stack((ip["source"], ip["destination"])).astype(np.uint64)
    return _found(frames, 20, at + ip["total"], at + 12, 4, ends, rows, plain)


def _found6(rows: npt.NDArray[np.void], frames: Cursor, plain: Bools, fold: tuple[np.uint64, np.uint64]) -> Found:
    ip = rows["ip"]
    at = frames.at + _ETHERNET
    ends = np.stack((network.fold(ip["source"], fold), network.fold(ip["destination"], fold)))
    return _found(frames, 40, at + 40 + ip["length"], at + 8, 6, ends, rows, plain)


def _found(
    frames: Cursor,
    header: int,
    stop: Ints,
    source: Ints,
    family: int,
    ends: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.void],
    plain: Bools,
) -> Found:
    protocol = np.broadcast_to(np.uint8(network.TCP), len(frames))
    return Datagrams(frames.skip(_ETHERNET + header), protocol, stop, source, family, ends), rows["tcp"], plain
