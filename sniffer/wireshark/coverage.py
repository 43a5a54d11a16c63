"""Which bytes of a direction Wireshark saw, by the sequence numbers it gives (RFC 9293 section 3.4): is anything
missing? What Wireshark does above a hole that is never filled is of no use as evidence."""

from __future__ import annotations

from bisect import insort

from sniffer.packets.columns import SYN

MOST_ISLANDS = 256
"""Spans above holes that are remembered; with more of them the direction counts as lost for good."""


class Coverage:
    """Offsets count from the first byte of payload."""

    def __init__(self) -> None:
        self.isn: int | None = None
        self.lowest: int | None = None
        """Sequence number of offset 0."""
        self._islands: list[tuple[int, int]] = []
        self._front = 0
        self._fin: int | None = None
        self._high = 0
        self.lost = False
        """Bytes are missing that nothing can bring any more: cut off by the capture's snaplen."""

    def learn_isn(self, isn: int) -> None:
        """A SYN, or the acknowledgement of one, gives the first sequence number."""
        if self.isn is None:
            self.isn = isn
            self._rebase((isn + 1) & 0xFFFFFFFF)

    def add(self, seq: int, length: int, captured: int, flags: int) -> bool:
        """A segment's payload. True when it holds bytes that were not yet seen, next to those that were."""
        first = _first(seq, flags)
        if self.lowest is None:
            self.lowest = first
        at = self._offset(first)
        if at < 0 and self.isn is None:
            self._rebase(first)
            at = 0
        end = at + length
        fresh = end > self._front
        useful = fresh and at <= self._front and not self.lost
        self._high = max(self._high, end)
        self._cover(at, end)
        if fresh and captured < length:
            self.lost = True
        return useful

    def offset(self, seq: int, flags: int) -> int:
        """Where the payload of a segment that was added stands."""
        return self._offset(_first(seq, flags))

    def finish(self, seq: int) -> None:
        """A FIN stands at this sequence number."""
        if self.lowest is None:
            self.lowest = seq
        self._fin = self._offset(seq)

    @property
    def finished(self) -> bool:
        return self._fin is not None

    @property
    def size(self) -> int:
        """Payload bytes up to the highest that a packet announced."""
        return self._high

    @property
    def gap(self) -> bool:
        """True when bytes are missing."""
        return self.lost or bool(self._islands) or (self._fin is not None and self._fin > self._front)

    @property
    def front(self) -> int:
        """Where the bytes without a hole end."""
        return self._front

    @property
    def from_start(self) -> bool:
        """True when the first byte is known to be the direction's first."""
        return self.isn is not None

    def _offset(self, seq: int) -> int:
        return (seq - (self.lowest or 0) - self._front + 0x80000000 & 0xFFFFFFFF) - 0x80000000 + self._front

    def _rebase(self, lowest: int) -> None:
        shift = 0 if self.lowest is None else self._offset(self.lowest) - self._offset(lowest)
        self.lowest = lowest
        if shift > 0:
            spans = [*self._islands, (0, self._front)] if self._front else self._islands
            self._islands = sorted((start + shift, stop + shift) for start, stop in spans)
            self._front = 0
            self._high += shift
            self._fin = None if self._fin is None else self._fin + shift

    def _cover(self, start: int, stop: int) -> None:
        if start > self._front:
            insort(self._islands, (start, stop))
            if len(self._islands) > MOST_ISLANDS:
                self.lost = True
                self._islands.pop()
        else:
            self._front = max(self._front, stop)
        while self._islands and self._islands[0][0] <= self._front:
            self._front = max(self._front, self._islands.pop(0)[1])


def _first(seq: int, flags: int) -> int:
    """Sequence number of a segment's first byte of payload."""
    return (seq + (1 if flags & SYN else 0)) & 0xFFFFFFFF
