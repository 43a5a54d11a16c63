"""The columns that decoding yields: one row a TCP segment of interest."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints, Octets

FIN, SYN, RST, ACK = 1, 2, 4, 16
ENDS = 32
"""Bytes of a row of ``Columns.ends``: source and destination address, 4 bytes each (then zeros) or 16 each."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Some records and where their next header begins and their captured bytes end, as offsets in the buffer."""

    record: Ints
    at: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.record)

    def pick(self, rows: npt.NDArray[Any]) -> Cursor:
        """Some of them, by index or mask."""
        return Cursor(self.record[rows], self.at[rows], self.end[rows])

    def skip(self, size: Ints | int) -> Cursor:
        """The same records, ``size`` bytes further on."""
        return Cursor(self.record, self.at + size, self.end)

    def having(self, size: int) -> Bools:
        """True where at least ``size`` bytes are captured."""
        enough: Bools = self.end - self.at >= size
        return enough


@dataclass(slots=True)
class Columns:
    """TCP segments in capture order.

    ``data`` and ``source`` are offsets in the window's buffer; a negative one, -1 - i, stands for row i of
    ``Aside.data`` (a reassembled datagram) or ``Aside.ends``.
    """

    key: npt.NDArray[np.uint64]
    """Hash of both ends, the same in both directions."""
    side: npt.NDArray[np.uint8]
    """0 or 1: which of the two ends sent it."""
    seq: npt.NDArray[np.uint32]
    ack: npt.NDArray[np.uint32]
    flags: npt.NDArray[np.uint8]
    length: Ints
    """Payload bytes as the packet announces them."""
    captured: Ints
    """Payload bytes captured."""
    data: Ints
    time: Ints
    source: Ints
    """Where the source address stands; the destination's follows it."""
    family: npt.NDArray[np.uint8]
    """4 or 6."""
    source_port: npt.NDArray[np.uint16]
    destination_port: npt.NDArray[np.uint16]
    vlan: npt.NDArray[np.int16]
    """-1: untagged."""
    interface: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.key)

    def pick(self, rows: npt.NDArray[Any] | slice) -> Columns:
        """Some rows, by index, mask or slice."""
        if isinstance(rows, np.ndarray) and rows.dtype != np.bool_:  # a quarter faster than by brackets
            return Columns(*(getattr(self, field.name).take(rows) for field in fields(self)))
        return Columns(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(slots=True)
class Aside:
    """Bytes that rows refer to and that don't stand in the window's buffer."""

    ends: Octets
    """Shape (n, ENDS)."""
    data: list[bytes]


def no_aside() -> Aside:
    """Nothing aside."""
    return Aside(np.empty((0, ENDS), np.uint8), [])


def join(parts: list[Columns]) -> Columns:
    """Parts one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Columns(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Columns)))
