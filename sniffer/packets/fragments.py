"""IP fragments to whole datagrams (RFC 791 section 3.2, RFC 8200 section 4.5).

The first copy of a byte wins. Memory and time are bounded; what is given up is counted.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from sniffer.pieces import overlapping, uncovered
from sniffer.weird import Weird

LARGEST = 65_535
_COST = 400
"""Rough bytes of bookkeeping a fragment."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment: ``offset`` bytes into the datagram's payload."""

    key: bytes
    """Addresses, protocol and identification."""
    offset: int
    data: bytes
    more: bool
    time: int


@dataclass(slots=True)
class _Waiting:
    """What came of a datagram: pieces, none behind its end."""

    first: int
    pieces: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0
    """Bytes in the pieces."""
    total: int | None = None
    """Where it ends, once that came."""

    @property
    def held(self) -> int:
        return self.size + _COST * len(self.pieces)

    @property
    def whole(self) -> bool:
        return self.size == self.total

    def end_at(self, total: int) -> None:
        """Its end is known: what stands behind it goes."""
        self.total = total
        while self.pieces and self.pieces[-1][0] + len(self.pieces[-1][1]) > total:
            offset, data = self.pieces.pop()
            self.size -= len(data)
            if offset < total:
                self.take(offset, data[: total - offset])

    def add(self, offset: int, data: bytes) -> bool:
        """Take what no earlier piece covers; True when some of it was covered."""
        if self.total is not None:
            data = data[: max(self.total - offset, 0)]
        covers = overlapping(self.pieces, offset, offset + len(data))
        for start, part in uncovered(covers, offset, data):
            self.take(start, part)
        return bool(covers)

    def take(self, offset: int, data: bytes) -> None:
        insort(self.pieces, (offset, data))
        self.size += len(data)


class FragmentTable:
    """Fragments waiting for the rest of their datagram."""

    def __init__(self, memory: int, timeout: int) -> None:
        self._memory = memory
        self._timeout = timeout
        self._waiting: dict[bytes, _Waiting] = {}
        self._held = 0

    def __len__(self) -> int:
        """Datagrams of which something waits."""
        return len(self._waiting)

    def __contains__(self, key: bytes) -> bool:
        """True while something of that datagram waits."""
        return key in self._waiting

    def add(self, fragment: Fragment, weird: Weird) -> bytes | None:
        """The datagram's payload when this fragment completes it."""
        weird.fragments += 1
        self._expire(fragment.time, weird)
        end = fragment.offset + len(fragment.data)
        if end > LARGEST or (fragment.more and not fragment.data):
            weird.fragments_dropped += 1
            return None
        waiting = self._waiting.setdefault(fragment.key, _Waiting(fragment.time))
        self._held -= waiting.held
        if not fragment.more and waiting.total is None:
            waiting.end_at(end)
        weird.fragment_overlap += waiting.add(fragment.offset, fragment.data)
        self._held += waiting.held
        if waiting.whole:
            self._forget(fragment.key)
            return b"".join(data for _, data in waiting.pieces)
        while self._held > self._memory:
            self._drop(next(iter(self._waiting)), weird)
        return None

    def _expire(self, now: int, weird: Weird) -> None:
        while self._waiting and now - (oldest := next(iter(self._waiting.items())))[1].first > self._timeout:
            self._drop(oldest[0], weird)

    def _drop(self, key: bytes, weird: Weird) -> None:
        weird.fragments_dropped += len(self._waiting[key].pieces)
        self._forget(key)

    def _forget(self, key: bytes) -> None:
        self._held -= self._waiting.pop(key).held
