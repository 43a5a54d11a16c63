"""A capture pipe in timed windows: records come out at most so many seconds after they went in, however few they are."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator

import numpy as np

from sniffer.capture.pcapng import LARGEST, PcapngReader
from sniffer.capture.records import PAD, Octets, Records
from sniffer.errors import CutShort, NotACapture

WINDOW = 4 << 20
_MAGIC = 12
"""Bytes after which a section header shows itself and its byte order."""


class TimedPipe:
    """Reads a descriptor until a window is full, its time is over, or the stream ends."""

    def __init__(self, descriptor: int, seconds: float, monotonic: Callable[[], float], size: int = WINDOW) -> None:
        self._descriptor = descriptor
        self._seconds = seconds
        self._monotonic = monotonic
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._size = size
        self._buffer: Octets = np.zeros(size + PAD, np.uint8)
        self.held = 0
        """Bytes in the window."""
        self.base = 0
        """Where in the stream the window begins."""
        self.ended = False
        self.caught_up = True
        """The last window ended because no more had come."""

    def fill(self) -> Octets:
        """The window: what was left of the last one, and what came since; ``held`` bytes and padding."""
        deadline = self._monotonic() + self._seconds
        self.caught_up = False
        while self.held < self._size and not self.ended:
            left = deadline - self._monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                self.caught_up = not self._poll.poll(0)
                break
            with self._buffer.data as room:
                got = os.readv(self._descriptor, [room[self.held : self._size]])
            self.held += got
            self.ended = not got
        return self._buffer[: self.held + PAD]

    def consume(self, size: int) -> None:
        """The first ``size`` bytes are done with. When a full window held not one whole block, the next is larger."""
        if not size and self.held == self._size and self._size < 2 * LARGEST:
            self._size *= 2
            larger = np.zeros(self._size + PAD, np.uint8)
            larger[: self.held] = self._buffer[: self.held]
            self._buffer = larger
        elif size:
            rest = self.held - size
            self._buffer[:rest] = self._buffer[size : self.held].copy()
            self.held = rest
            self.base += size

    def windows(self) -> Iterator[list[Records]]:
        """The records of each window, none for a quiet one; at least one list for each time span. pcapng only.

        Raises CaptureError for a stream that is damaged, or cut inside a block. The buffers are valid until the next list.
        """
        reader = PcapngReader()
        known = False
        while True:
            window = self.fill()
            if not known and self.held >= _MAGIC:
                known = True
                if bytes(window[:4]) != b"\x0a\x0d\x0d\x0a":
                    raise NotACapture("the pipe carries no pcapng")
            found, used, damage = reader.read(window, self.held, self.base)
            yield found
            if damage:
                raise damage
            self.consume(used)
            if self.ended and not (used and self.held):
                if self.held:
                    raise CutShort("the capture ends inside a block", self.base)
                return
