"""While one capture takes over from another, both see the same packets: each of them counts once.

The two give a packet times of their own, so it is known by its bytes, and as often as it was there: what the first told
since the second began is left out of the second, up to a little after the first one's last packet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from sniffer.capture.records import Records
from sniffer.settings import SECOND

AFTER = SECOND
"""Two times of one packet are never so far apart."""
MOST = 1 << 19
"""Packets remembered of one overlap; what comes beyond counts twice."""


class Overlap:
    """What the first capture told since the second began."""

    def __init__(self) -> None:
        self._told: Counter[int] = Counter()
        self._left = MOST
        self._last = 0
        self.repeated = 0
        """Packets left out."""

    def tell(self, records: Records) -> None:
        """Packets of the first capture."""
        self._last = max(self._last, int(records.time.max()))
        packets = _packets(records)[: self._left]
        self._left -= len(packets)
        self._told.update(packets)

    def rest(self, records: Records) -> Records | None:
        """The second capture's packets without those that the first told; None when nothing is left."""
        if not self._told:
            return records
        if int(records.time.min()) > self._last + AFTER:
            self._told.clear()
            return records
        kept = np.array([self._is_new(packet) for packet in _packets(records)], bool)
        rows = np.flatnonzero(kept)
        self.repeated += len(kept) - len(rows)
        if not len(rows):
            return None
        interface = None if records.interface is None else records.interface[rows]
        return replace(
            records, at=records.at[rows], captured=records.captured[rows], time=records.time[rows], interface=interface, heads=None
        )

    def _is_new(self, packet: int) -> bool:
        if not self._told.get(packet):
            return True
        self._told[packet] -= 1
        if not self._told[packet]:
            del self._told[packet]
        return False


def _packets(records: Records) -> list[int]:
    """A hash of each packet's bytes."""
    raw = records.buffer.data
    return [hash(bytes(raw[at : at + size])) for at, size in zip(records.at.tolist(), records.captured.tolist(), strict=True)]
