"""IP fragments to whole datagrams (RFC 791 section 3.2, RFC 8200 section 4.5).

The first copy of a byte wins. Memory and time are bounded; what is given up is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    first: int
    pieces: list[tuple[int, bytes]] = field(default_factory=list)
    total: int | None = None
    held: int = 0


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
        if not fragment.more and waiting.total is None:
            waiting.total = end
        for offset, data in _uncovered(waiting.pieces, fragment, weird):
            waiting.pieces.append((offset, data))
            waiting.held += len(data) + _COST
            self._held += len(data) + _COST
        waiting.pieces.sort()
        if waiting.total is not None and (payload := _whole(waiting.pieces, waiting.total)) is not None:
            self._forget(fragment.key)
            return payload
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


def _uncovered(pieces: list[tuple[int, bytes]], fragment: Fragment, weird: Weird) -> list[tuple[int, bytes]]:
    """The parts of a fragment that no earlier one covers."""
    at, end = fragment.offset, fragment.offset + len(fragment.data)
    parts = []
    overlap = False
    for offset, data in pieces:
        if offset + len(data) <= at or offset >= end:
            continue
        overlap = True
        if offset > at:
            parts.append((at, fragment.data[at - fragment.offset : offset - fragment.offset]))
        at = max(at, offset + len(data))
    if at < end:
        parts.append((at, fragment.data[at - fragment.offset :]))
    weird.fragment_overlap += overlap
    return parts


def _whole(pieces: list[tuple[int, bytes]], total: int) -> bytes | None:
    at = 0
    for offset, data in pieces:
        if offset > at:
            return None
        at = max(at, offset + len(data))
    return b"".join(data for _, data in pieces)[:total] if at >= total else None
