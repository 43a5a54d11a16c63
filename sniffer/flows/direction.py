"""One direction of a connection, reassembled from its head (RFC 9293 section 3.4).

Offsets are relative to the first byte's sequence number, unwrapped. The first copy of a byte wins; nothing is filled
in: bytes above a hole wait until it closes, no further than the hole window, and at the end the hole is a gap.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from sniffer.packets.columns import SYN
from sniffer.pieces import offset_of, overlapping, uncovered
from sniffer.stream import End, StreamHead
from sniffer.weird import Weird

_FAR = 1 << 30
"""No window is larger (RFC 7323): bytes further apart don't belong to one stream's head."""

Piece = tuple[int, bytes, int]
"""Offset, bytes, time."""


def signed(difference: int) -> int:
    """A difference of sequence numbers as a step forwards or backwards."""
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Direction:
    """What one side sent."""

    __slots__ = (
        "_head",
        "_pending",
        "_sealed",
        "_window",
        "anchor",
        "fin",
        "front",
        "high",
        "isn",
        "marks",
        "packets",
        "parts",
        "reset",
        "size",
    )

    def __init__(self, head: int, window: int) -> None:
        self._head = head
        self._window = window
        self._pending: list[Piece] | None = None
        self._sealed = False
        self.isn: int | None = None
        self.anchor: int | None = None
        """Sequence number of offset 0."""
        self.parts: list[bytes] = []
        """The bytes from ``front`` to ``size``."""
        self.marks: list[tuple[int, int]] = []
        self.front = 0
        self.size = 0
        """Where the contiguous bytes end."""
        self.high = 0
        """Where the bytes announced by any packet end."""
        self.packets = 0
        self.fin: int | None = None
        """The FIN's sequence number."""
        self.reset = False

    @property
    def held(self) -> int:
        """Bytes of payload in memory."""
        return self.size - self.front + (sum(len(data) for _, data, _ in self._pending) if self._pending else 0)

    @property
    def pieces(self) -> int:
        """How many pieces that payload came in."""
        return len(self.marks) + len(self._pending or ())

    @property
    def full(self) -> bool:
        """True when no more of the payload is kept."""
        return self._sealed or self.size - self.front >= self._head

    @property
    def room(self) -> int:
        """Bytes of payload that are still kept; the piece that passes it is kept whole."""
        return 0 if self._sealed else max(0, self._head - self.size + self.front)

    def learn_isn(self, isn: int) -> None:
        """The initial sequence number is known; payload seen earlier moves along."""
        if self.isn is not None:
            return
        self.isn = isn
        first = (isn + 1) & 0xFFFFFFFF
        if self.anchor is None:
            self.anchor = first
            return
        shift = signed(self.anchor - first)
        if not 0 <= shift <= self._window or shift == 0:
            return
        self.anchor = first
        later = [(at + shift, data, ns) for at, data, ns in self._pending or ()]
        if self.parts:
            later.insert(0, (self.front + shift, b"".join(self.parts), self.marks[0][1]))
        self.high += shift
        self.front = self.size = 0
        self.parts, self.marks, self._pending = [], [], sorted(later)

    def offset(self, seq: int) -> int:
        """The offset of a sequence number."""
        if self.anchor is None:
            self.anchor = seq
        near = self.high if self.full else self.size
        return near + signed(seq - self.anchor - near)

    def add(self, seq: int, length: int, data: bytes, flags: int, time: int, weird: Weird) -> None:
        """One segment with payload: ``length`` bytes announced, ``data`` of them captured."""
        at = self.offset(seq + (flags & SYN) // SYN & 0xFFFFFFFF)
        if at - self.size > _FAR and not self.full:
            self._sealed = True
        self.high = max(self.high, at + length)
        if data and not self.full:
            self._insert(at, data, time, weird)

    def goes_on(self, seq: int) -> bool:
        """True when a segment with this sequence number would continue what is there, or only be counted."""
        return self.full or (not self._pending and self.offset(seq) == self.size)

    def extend(self, seq: int, length: int, data: bytes, marks: list[tuple[int, int]]) -> None:
        """Many segments in order at once, which ``goes_on``: ``length`` bytes announced, of which ``data`` is the head,
        all of it or as much as is ever kept, with ``marks`` relative to it."""
        at = self.offset(seq)
        if not self.full:
            self.parts.append(data)
            self.marks += [(at + mark, time) for mark, time in marks] if at else marks
            self.size = at + len(data)
        if at + length > self.high:
            self.high = at + length

    def _insert(self, at: int, data: bytes, time: int, weird: Weird) -> None:
        if at == self.size and not self._pending:
            self._append(at, data, time)
            return
        if self.front <= at < self.size:
            at, data = self._beyond(at, data, weird)
            if not data:
                return
        if at > self.size + self._window and not self.parts:
            self._skip_front()
        if at > self.size + self._window:
            weird.above_hole += 1
            return
        if at < self.front and (self.isn is not None or at < self.front - self._window):
            return
        for piece in self._free(at, data, time, weird):
            if self._pending is None:
                self._pending = []
            insort(self._pending, piece)
        self._drain()

    def _append(self, at: int, data: bytes, time: int) -> None:
        self.parts.append(data)
        self.marks.append((at, time))
        self.size = at + len(data)

    def _beyond(self, at: int, data: bytes, weird: Weird) -> tuple[int, bytes]:
        """A segment without what is already there."""
        known = self.size - at
        whole = self._joined()
        start = at - self.front
        if whole[start : start + len(data)] != data[:known]:
            weird.overlap_conflict += 1
        return self.size, data[known:]

    def _free(self, at: int, data: bytes, time: int, weird: Weird) -> list[Piece]:
        """The parts of a segment that neither pending pieces nor the contiguous bytes cover."""
        end = at + len(data)
        covers = [(first, held) for first, held, _ in overlapping(self._pending or (), at, end)]
        if self.parts and at < self.front < end:
            insort(covers, (self.front, self._joined()))
        for first, held in covers:
            low, top = max(first, at), min(first + len(held), end)
            if held[low - first : top - first] != data[low - at : top - at]:
                weird.overlap_conflict += 1
        return [(start, part, time) for start, part in uncovered(covers, at, data)]

    def _joined(self) -> bytes:
        """The contiguous bytes, in one piece from now on."""
        whole = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts = [whole]
        return whole

    def _drain(self) -> None:
        pending = self._pending or []
        begin = stop = bisect_left(pending, self.size, key=offset_of)
        while stop < len(pending) and pending[stop][0] == self.size and not self.full:
            self._append(*pending[stop])
            stop += 1
        del pending[begin:stop]
        below = bisect_left(pending, self.front, key=offset_of)
        while below and pending[below - 1][0] + len(pending[below - 1][1]) == self.front:
            below -= 1
            at, data, time = pending.pop(below)
            self.parts.insert(0, data)
            self.marks.insert(0, (at, time))
            self.front = at
        if not pending:
            self._pending = None

    def _skip_front(self) -> None:
        """Nothing of the beginning was captured: start at the first byte that was."""
        if self._pending:
            self.front = self.size = self._pending[0][0]
            self._drain()

    def finish(self, limit: int) -> StreamHead:
        """The head as the observers see it, ``limit`` bytes at most."""
        if self._pending and not self.parts:
            self._skip_front()
        whole = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        data = whole if len(whole) <= limit else whole[:limit]
        marks = self.marks if not self.front else [(at - self.front, time) for at, time in self.marks]
        while marks and marks[-1][0] >= len(data):
            marks.pop()
        from_start = self.isn is not None and self.front == 0 and self.anchor == (self.isn + 1) & 0xFFFFFFFF
        return StreamHead(
            data, tuple(marks), from_start, self._end(len(data)), self.high - min(self.front, 0), self.packets, self.packets > 0
        )

    def _end(self, kept: int) -> End:
        at = self.front + kept
        if at < self.size or (self.full and not self._sealed and at < self.high):
            return "limit"
        if at < self.high or (self.fin is not None and self.anchor is not None and signed(self.fin - self.anchor - at) > 0):
            return "gap"
        if self.fin is not None:
            return "fin"
        return "rst" if self.reset else "open"
