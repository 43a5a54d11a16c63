"""Link layers: from a record's first byte to an IP header.

LINKTYPE_ numbers as registered with tcpdump.org. Tags: IEEE 802.1Q and 802.1ad; PPP: RFC 1661, 1662; PPPoE: RFC 2516;
MPLS: RFC 3032.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Ints, View
from sniffer.packets.columns import Cursor
from sniffer.weird import Weird

NULL, ETHERNET, PPP, RAW_BSD, RAW_OPENBSD, PPP_HDLC, PPP_ETHER = 0, 1, 9, 12, 14, 50, 51
RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 101, 108, 113, 228, 229, 276
SUPPORTED = frozenset({NULL, ETHERNET, PPP, RAW_BSD, RAW_OPENBSD, PPP_HDLC, PPP_ETHER, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2})

_IP4, _IP6, _PPPOE = 0x0800, 0x86DD, 0x8864
TAGS = (0x8100, 0x88A8, 0x9100)
_LABELS = (0x8847, 0x8848)
_MOST_TAGS = 4
_MOST_LABELS = 8
_AF_INET = 2
_AF_INET6 = (10, 23, 24, 28, 30)
"""Linux, Windows, OpenBSD and NetBSD, FreeBSD, macOS."""


@dataclass(slots=True)
class Packets:
    """IP packets found in records, and the outermost VLAN of each record where any is tagged."""

    ip4: list[Cursor]
    ip6: list[Cursor]
    vlan: npt.NDArray[np.int16] | None = None


def packets_of(view: View, records: Cursor, link_type: int, total: int, weird: Weird) -> Packets:
    """The IP packets of records of one link type. ``total``: how many records the window has."""
    found = Packets([], [])
    walk = Walk(view, found, total, weird)
    if link_type == ETHERNET:
        walk.ethernet(records)
    elif link_type in (LINUX_SLL, LINUX_SLL2):
        header, at = (16, 14) if link_type == LINUX_SLL else (20, 0)
        walk.typed(records, header, at)
    elif link_type in (NULL, LOOP):
        walk.loopback(records)
    elif link_type in (PPP, PPP_HDLC):
        walk.ppp(records)
    elif link_type == PPP_ETHER:
        walk.pppoe(records)
    elif link_type == IPV4:
        found.ip4.append(records)
    elif link_type == IPV6:
        found.ip6.append(records)
    elif link_type in SUPPORTED:
        walk.bare(records)
    else:
        weird.unsupported_link += len(records)
    return found


Step = Callable[[Cursor], None]


class Walk:
    """Steps from header to header; what it comes to is added to ``found``."""

    def __init__(self, view: View, found: Packets, total: int, weird: Weird) -> None:
        self.view = view
        self.found = found
        self.total = total
        self.weird = weird

    def ethernet(self, records: Cursor) -> None:
        self.typed(records, 14, 12)

    def typed(self, records: Cursor, header: int, type_at: int) -> None:
        """A link header of ``header`` bytes with an EtherType in it."""
        records = self.having(records, header)
        self.ethertype(records.skip(header), self.word(records.at + type_at))

    def bare(self, records: Cursor) -> None:
        """IP of either version with nothing before it."""
        records = self.having(records, 1)
        version = self.view.column(records.at, "u1") >> 4
        self._add(records, version == 4, version == 6)

    def loopback(self, records: Cursor) -> None:
        """Four bytes of address family, in the byte order of the machine that captured, or in network order."""
        records = self.having(records, 4)
        family = self.view.column(records.at, "<u4")
        family = np.where(family > 0xFFFF, family.byteswap(), family)
        self._add(records.skip(4), family == _AF_INET, np.isin(family, _AF_INET6))

    def ppp(self, records: Cursor) -> None:
        """A protocol number of one or two bytes, after an optional address and control field."""
        records = self.having(records, 4)
        framed = self.word(records.at) == 0xFF03
        records = records.skip(np.where(framed, 2, 0))
        self._ppp_protocol(records)

    def pppoe(self, records: Cursor) -> None:
        """Version, type, code, session, length: six bytes; then PPP. The code of data is 0."""
        records = self.having(records, 8)
        data = self.view.column(records.at + 1, "u1") == 0
        self._ppp_protocol(records.pick(data).skip(6))

    def _ppp_protocol(self, records: Cursor) -> None:
        first = self.view.column(records.at, "u1")
        short = (first & 1) == 1
        protocol = np.where(short, first, self.word(records.at))
        after = records.skip(np.where(short, 1, 2))
        self._add(after, protocol == 0x21, protocol == 0x57)
        self.some(after, (protocol == 0x281) | (protocol == 0x283), self._labels)

    def ethertype(self, records: Cursor, kind: npt.NDArray[np.uint16], depth: int = 0) -> None:
        """What an EtherType announces; ``depth`` tags stood before it."""
        ip4, ip6 = kind == _IP4, kind == _IP6
        self._add(records, ip4, ip6)
        rest = np.flatnonzero(~(ip4 | ip6))
        if not len(rest):
            return
        records, kind = records.pick(rest), kind[rest]
        tagged = np.isin(kind, TAGS)
        if tagged.any():
            self._tag(records.pick(tagged), depth)
        self.some(records, kind == _PPPOE, self.pppoe)
        self.some(records, np.isin(kind, _LABELS), self._labels)

    def _tag(self, records: Cursor, depth: int) -> None:
        if depth == _MOST_TAGS:
            self.weird.nested_too_deep += len(records)
            return
        records = self.having(records, 4)
        if self.found.vlan is None:
            self.found.vlan = np.full(self.total, -1, np.int16)
        if not depth:
            self.found.vlan[records.record] = self.word(records.at) & 0xFFF
        self.ethertype(records.skip(4), self.word(records.at + 2), depth + 1)

    def _labels(self, records: Cursor) -> None:
        for _ in range(_MOST_LABELS):
            records = self.having(records, 5)
            bottom = (self.view.column(records.at + 2, "u1") & 1) == 1
            records = records.skip(4)
            self.some(records, bottom, self.bare)
            records = records.pick(~bottom)
            if not len(records):
                return
        self.weird.nested_too_deep += len(records)

    def some(self, records: Cursor, mask: npt.NDArray[np.bool_], step: Step) -> None:
        """Go on with some of the records, if there are any."""
        if mask.any():
            step(records.pick(mask))

    def _add(self, records: Cursor, ip4: npt.NDArray[np.bool_], ip6: npt.NDArray[np.bool_]) -> None:
        for found, mask in ((self.found.ip4, ip4), (self.found.ip6, ip6)):
            if len(mask) and mask.all():
                found.append(records)
            elif mask.any():
                found.append(records.pick(np.flatnonzero(mask)))

    def having(self, records: Cursor, size: int) -> Cursor:
        """Those of which that many bytes more are captured; the others are counted."""
        enough = records.having(size)
        if enough.all():
            return records
        self.weird.truncated_header += int(len(enough) - np.count_nonzero(enough))
        return records.pick(enough)

    def word(self, at: Ints) -> npt.NDArray[np.uint16]:
        """The 16 bits there, in network order."""
        return self.view.column(at, ">u2").astype(np.uint16)
