"""Most packets at one go: TCP in IPv4 without options, or in IPv6 without extension headers, in Ethernet with at most
two tags.

One gather of all three headers costs a third of one for each. A tag is stepped over by reading the frame as if it
began four bytes later. What is of any other form is left to the walk through the layers (``link``, ``network``), which
finds the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Rows, View
from sniffer.packets import network
from sniffer.packets.columns import Cursor
from sniffer.packets.link import TAGS
from sniffer.packets.network import IP4, IP6, Datagrams
from sniffer.packets.transport import TCP, PortTable

_ETHERNET = 14
_TAG = 4
_MOST_TAGS = 2
_FRAME4 = np.dtype([("link", "V12"), ("type", ">u2"), ("ip", IP4), ("tcp", TCP)])
_OCTETS = f"V{_FRAME4.itemsize}"
"""Rows are moved as octets: moving structures field by field costs more than all the rest."""
_FRAME6 = np.dtype([("link", "V12"), ("type", ">u2"), ("ip", IP6), ("tcp", TCP)])


@dataclass(frozen=True, slots=True)
class PlainFrames:
    """What was found among Ethernet frames."""

    found: list[tuple[Datagrams, Rows]]
    """Datagrams of the ports of interest, and their TCP headers."""
    vlan: npt.NDArray[np.int16] | None
    """The outermost VLAN of each frame, -1 where untagged; None: all are."""
    rest: Cursor
    """The frames of any other form."""


def plain_frames(view: View, given: Cursor, heads: Rows | None, ports: PortTable, fold: tuple[np.uint64, np.uint64]) -> PlainFrames:
    """The plain ones among Ethernet frames, and the frames that are left. ``heads``: their first bytes, where they are
    at hand; they are changed."""
    rows = view.rows(given.at, _FRAME4) if heads is None else heads.view(_FRAME4)
    frames, vlan = _untagged(view, rows, given)
    plain = _are_plain4(rows, frames)
    mine = np.flatnonzero(plain & ports.concern(rows["tcp"]))
    found = [_found4(_some(rows, mine), frames.pick(mine))]
    six = np.flatnonzero(rows["type"] == 0x86DD)
    if len(six):
        frames6 = frames.pick(six)
        rows = view.rows(frames6.at, _FRAME6)
        plain6 = _are_plain6(rows, frames6)
        plain[six] = plain6
        mine = np.flatnonzero(plain6 & ports.concern(rows["tcp"]))
        found.append(_found6(_some(rows, mine), frames6.pick(mine), fold))
    return PlainFrames([one for one in found if len(one[1])], vlan, given.pick(np.flatnonzero(~plain)))


def _untagged(view: View, rows: Rows, frames: Cursor) -> tuple[Cursor, npt.NDArray[np.int16] | None]:
    """The frames as if their tags were not there (their rows too), and their VLANs."""
    vlan = None
    for _ in range(_MOST_TAGS):
        kind = rows["type"].astype(np.uint16)
        other = np.flatnonzero((kind != 0x0800) & (kind != 0x86DD))
        tagged = other[np.isin(kind[other], TAGS)]
        if not len(tagged):
            break
        at = frames.at[tagged]
        if vlan is None:
            vlan = np.full(len(frames), -1, np.int16)
            vlan[tagged] = view.column(at + _ETHERNET, ">u2") & 0xFFF
            frames = Cursor(frames.record, frames.at.copy(), frames.end)
        frames.at[tagged] = at + _TAG
        rows.view(_OCTETS)[tagged] = view.rows(at + _TAG, _FRAME4).view(_OCTETS)
    return frames, vlan


def _are_plain4(rows: Rows, frames: Cursor) -> Bools:
    ip = rows["ip"]
    good: Bools = (rows["type"] == 0x0800) & (ip["version"] == 0x45) & (ip["protocol"] == network.TCP)
    good &= (ip["fragment"] & 0x3FFF == 0) & (ip["total"] >= 40) & frames.having(_FRAME4.itemsize)
    return good


def _are_plain6(rows: Rows, frames: Cursor) -> Bools:
    ip = rows["ip"]
    good: Bools = (ip["version"] >> 28 == 6) & (ip["next"] == network.TCP) & (ip["length"] > 0)
    good &= frames.having(_FRAME6.itemsize)
    return good


def _some(rows: Rows, mine: npt.NDArray[np.int64]) -> Rows:
    return rows if len(mine) == len(rows) else rows.view(f"V{rows.itemsize}")[mine].view(rows.dtype)


def _found4(rows: Rows, frames: Cursor) -> tuple[Datagrams, Rows]:
    ip = rows["ip"]
    at = frames.at + _ETHERNET
    ends = np.stack((ip["source"], ip["destination"])).astype(np.uint64)
    return _datagrams(frames.skip(_ETHERNET + 20), at + ip["total"], at + 12, 4, ends), rows["tcp"]


def _found6(rows: Rows, frames: Cursor, fold: tuple[np.uint64, np.uint64]) -> tuple[Datagrams, Rows]:
    ip = rows["ip"]
    at = frames.at + _ETHERNET
    ends = np.stack((network.fold(ip["source"], fold), network.fold(ip["destination"], fold)))
    return _datagrams(frames.skip(_ETHERNET + 40), at + 40 + ip["length"], at + 8, 6, ends), rows["tcp"]


def _datagrams(
    cursor: Cursor, stop: npt.NDArray[np.int64], source: npt.NDArray[np.int64], family: int, ends: npt.NDArray[np.uint64]
) -> Datagrams:
    return Datagrams(cursor, np.broadcast_to(np.uint8(network.TCP), len(cursor)), stop, source, family, ends)
