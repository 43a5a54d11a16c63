"""What a reader yields: the records of one window, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.void]

PAD = 128
"""Every buffer goes on for this many bytes after its last record, so that a header may be read in one piece and
checked afterwards."""


HEAD = 54
"""Bytes of a packet that are gathered with its record header: the headers of Ethernet, IPv4 and TCP."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One capturing interface: its LINKTYPE_ number and, when the capture says it, its name."""

    link_type: int
    name: str | None = None
    snaplen: int = 0
    """0: not limited."""
    resolution: int = 6
    """if_tsresol as written: 10^-n seconds, or 2^-(n & 127) with the top bit set."""
    offset: int = 0
    """Seconds to add to each time."""


@dataclass(slots=True)
class Records:
    """Packets in capture order. ``at`` counts from the start of ``buffer``; the columns are of equal length."""

    buffer: Octets
    at: Ints
    captured: Ints
    """Bytes captured of each packet."""
    time: Ints
    """Nanoseconds since the epoch."""
    interface: Ints | None
    """Index into ``interfaces``; None: all of interface 0."""
    interfaces: list[Interface]
    lasting: bool = False
    """``buffer`` stays readable after the window."""
    end: int = 0
    """Where the last of them ends in the capture (after decompression); pcap only."""
    heads: Rows | None = None
    """The first ``HEAD`` bytes of each, with what stands after shorter ones, until somebody takes them."""

    def __len__(self) -> int:
        return len(self.at)

    def take_heads(self) -> Rows | None:
        """``heads``, which are the caller's from now on: they are large, and needed once."""
        heads, self.heads = self.heads, None
        return heads


class View:
    """Unaligned reads from a buffer at many offsets at once."""

    def __init__(self, buffer: Octets) -> None:
        self.buffer = buffer

    def column(self, at: Ints, kind: str) -> npt.NDArray[Any]:
        """The number of dtype ``kind`` at each offset."""
        found: npt.NDArray[Any] = self.each(kind)[at]
        return found

    def each(self, kind: str, start: int = 0) -> npt.NDArray[Any]:
        """The number of dtype ``kind`` at every offset, counted from ``start``; nothing is copied."""
        dtype = np.dtype(kind)
        size = len(self.buffer) - start - dtype.itemsize + 1
        return np.ndarray((max(size, 0),), dtype, self.buffer, start, (1,))

    def rows(self, at: Ints, layout: np.dtype[np.void]) -> Rows:
        """The structure at each offset, gathered in one pass."""
        size = len(self.buffer) - layout.itemsize + 1
        whole = np.ndarray((max(size, 0),), f"V{layout.itemsize}", self.buffer, strides=(1,))
        return whole[at].view(layout)
