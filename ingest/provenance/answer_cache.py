"""Answers of the DNS, kept for their time to live, so many at most; the longest unused goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from ingest.provenance.resolver import RecordKind

Key = tuple[str, RecordKind]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, or the reason why there is none: ``absent`` (no such name) or ``failed`` (no answer)."""

    values: tuple[bytes, ...]
    until: float
    outcome: str = "answered"


class AnswerCache:
    """Safe for threads. Times are monotonic seconds."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, now: float) -> Kept | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if kept.until <= now:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return kept

    def put(self, key: Key, kept: Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
