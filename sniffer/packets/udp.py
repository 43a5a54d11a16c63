"""UDP headers (RFC 768): the datagrams of one port, taken aside as they are."""

from __future__ import annotations

import numpy as np

from sniffer.capture.records import View
from sniffer.packets import network
from sniffer.packets.network import Datagrams

HEADER = 8


def datagrams_of(port: int, view: View, found: Datagrams) -> Datagrams | None:
    """The UDP datagrams from or to a port, each at its UDP header; None when there are none."""
    rows = np.flatnonzero((found.protocol == network.UDP) & found.cursor.having(HEADER))
    ports = view.column(found.cursor.at[rows], ">u4")
    rows = rows[(ports >> 16 == port) | (ports & 0xFFFF == port)]
    return found.pick(rows) if len(rows) else None
