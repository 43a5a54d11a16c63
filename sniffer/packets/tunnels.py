"""What tunnels carry, as mirrors of clouds and switches deliver traffic: IP in IP (RFC 2003, 4213), GRE (RFC 2784, 2890)
with IP, Ethernet, MPLS or ERSPAN in it (draft-foschiano-erspan), VXLAN (RFC 7348), Geneve (RFC 8926) and TZSP.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, View
from sniffer.packets.columns import Cursor
from sniffer.packets.link import Packets, Walk
from sniffer.packets.network import UDP, Datagrams
from sniffer.packets.udp import HEADER
from sniffer.weird import Weird

IP_IN_IP, IPV6_IN_IP, GRE = 4, 41, 47
PROTOCOLS = (IP_IN_IP, IPV6_IN_IP, GRE)
"""What is a tunnel by its protocol number."""
VXLAN, LINUX_VXLAN, GENEVE, TZSP = 4789, 8472, 6081, 37008
"""Linux sends VXLAN where it did before the protocol had a port, unless told otherwise."""
PORTS = (VXLAN, LINUX_VXLAN, GENEVE, TZSP)
"""Where tunnels in UDP are sent to."""
_BRIDGED = 0x6558
"""An Ethernet frame, as a type (RFC 1701)."""
_ERSPAN, _ERSPAN_3 = 0x88BE, 0x22EB
_ERSPAN_IP = 2
"""ERSPAN's type of frame for a bare IP packet; 0 is Ethernet."""
_MOST_FIELDS = 8


def are_tunnels(found: Datagrams) -> Bools:
    """Which datagrams (n) may be some, by protocol number; UDP's port is looked at by ``packets_in``."""
    mine: Bools = np.isin(found.protocol, (*PROTOCOLS, UDP))
    return mine


def is_tunnel(protocol: int, payload: bytes) -> bool:
    """Whether a datagram is one, by protocol number and the first bytes of what it carries."""
    return protocol in PROTOCOLS or (protocol == UDP and int.from_bytes(payload[2:4], "big") in PORTS)


def packets_in(view: View, found: Datagrams, total: int, weird: Weird) -> Packets:
    """The IP packets in such datagrams, and the outermost VLAN in each record's tunnel. ``total``: records of the window."""
    cursor, protocol = found.cursor, found.protocol
    inside = Packets([], [])
    walk = Walk(view, inside, total, weird)
    for number, version in ((IP_IN_IP, inside.ip4), (IPV6_IN_IP, inside.ip6)):
        if (mine := protocol == number).any():
            version.append(cursor.pick(mine))
    _gre(walk, cursor.pick(protocol == GRE))
    udp = walk.having(cursor.pick(protocol == UDP), HEADER)
    port = walk.word(udp.at + 2)
    for number, opened in ((VXLAN, _vxlan), (LINUX_VXLAN, _vxlan), (GENEVE, _geneve), (TZSP, _tzsp)):
        if (mine := port == number).any():
            opened(walk, udp.pick(mine).skip(HEADER))
    return inside


def outermost(outer: npt.NDArray[np.int16] | None, inner: npt.NDArray[np.int16] | None) -> npt.NDArray[np.int16] | None:
    """Each record's VLAN outside its tunnel, else the one inside."""
    if outer is None or inner is None:
        return inner if outer is None else outer
    return np.where(outer < 0, inner, outer)


def _gre(walk: Walk, cursor: Cursor) -> None:
    """Version 0 without routing."""
    cursor = walk.having(cursor, 4)
    if not len(cursor):
        return
    flags = walk.word(cursor.at).astype(np.int64)
    known = flags & 0x4007 == 0
    cursor, flags = cursor.pick(known), flags[known]
    kind = walk.word(cursor.at + 2)
    numbered = flags & 0x1000 != 0
    inner = cursor.skip(4 + 4 * ((flags >> 15 & 1) + (flags >> 13 & 1) + numbered))
    mirrored = kind == _ERSPAN
    # type I has no sequence number, and no header of its own; type II has both
    walk.some(inner, (kind == _BRIDGED) | (mirrored & ~numbered), walk.ethernet)
    walk.some(inner.skip(8), mirrored & numbered, walk.ethernet)
    walk.some(inner, kind == _ERSPAN_3, lambda records: _erspan_3(walk, records))
    walk.ethertype(inner, kind)


def _erspan_3(walk: Walk, cursor: Cursor) -> None:
    """Twelve bytes, the last two of which say what kind of frame follows, and whether eight more do before it."""
    cursor = walk.having(cursor, 12)
    last = walk.word(cursor.at + 10).astype(np.int64)
    inner = cursor.skip(12 + 8 * (last & 1))
    kind = last >> 10 & 0x1F
    walk.some(inner, kind == 0, walk.ethernet)
    walk.some(inner, kind == _ERSPAN_IP, walk.bare)


def _vxlan(walk: Walk, cursor: Cursor) -> None:
    walk.ethernet(cursor.skip(8))


def _geneve(walk: Walk, cursor: Cursor) -> None:
    """Version 0; the options are stepped over."""
    cursor = walk.having(cursor, 8)
    first = walk.word(cursor.at).astype(np.int64)
    kind = walk.word(cursor.at + 2)
    inner, known = cursor.skip(8 + 4 * (first >> 8 & 0x3F)), first >> 14 == 0
    walk.some(inner, known & (kind == _BRIDGED), walk.ethernet)
    walk.ethertype(inner.pick(known), kind[known])


def _tzsp(walk: Walk, cursor: Cursor) -> None:
    """Version 1, kind 0 or 1 (a packet), two bytes for what it is (1: Ethernet); then fields: 0 pads, 1 ends them, others
    have a length."""
    cursor = walk.having(cursor, 5)
    head = walk.view.column(cursor.at, ">u4")
    cursor = cursor.pick((head == 0x01000001) | (head == 0x01010001)).skip(4)
    for _ in range(_MOST_FIELDS):
        cursor = walk.having(cursor, 2)
        field = walk.word(cursor.at).astype(np.int64)
        tag = field >> 8
        walk.some(cursor.skip(1), tag == 1, walk.ethernet)
        cursor = cursor.skip(np.where(tag == 0, 1, 2 + (field & 0xFF))).pick(tag != 1)
