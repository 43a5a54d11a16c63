"""What is remembered of connections that ended, so that a late duplicate doesn't start another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Bools, Ints

Keys = npt.NDArray[np.uint64]
_GONE = np.iinfo(np.int64).min
_UNKNOWN = -1


class Tombstone(NamedTuple):
    """When a connection ended, and the first sequence numbers of side 0 and side 1; None where it wasn't seen."""

    closed: int
    isn: tuple[int | None, int | None]


class Lot(NamedTuple):
    """Connections that ended, as arrays: keys, when, and both sides' first sequence numbers (-1: not seen)."""

    key: Keys
    closed: Ints
    one: Ints
    other: Ints


class Tombstones:
    """All of them: most in arrays sorted by key, those of single flows of late in a dictionary beside these."""

    def __init__(self) -> None:
        self._lot = _lot_of([])
        self._lots: list[Lot] = []
        self._single: dict[int, Tombstone] = {}

    def add(self, key: int, closed: int, isn: tuple[int | None, int | None]) -> None:
        """One more."""
        self._single[key] = Tombstone(closed, isn)

    def add_lot(self, lot: Lot) -> None:
        """Many more, which none will ask for before ``expire``."""
        self._lots.append(lot)

    def among(self, keys: Keys) -> Bools:
        """(n) True for keys that were there when ``expire`` was called last."""
        return is_among(keys, self._lot.key)

    def get(self, key: int) -> Tombstone | None:
        """That of a connection."""
        single = self._single.get(key)
        if single:
            return single
        place = self._place(key)
        if place is None:
            return None
        _, closed, one, other = (column.item(place) for column in self._lot)
        return Tombstone(closed, (None if one == _UNKNOWN else one, None if other == _UNKNOWN else other))

    def discard(self, key: int) -> None:
        """Another connection has begun in its place."""
        self._single.pop(key, None)
        place = self._place(key)
        if place is not None:
            self._lot.closed[place] = _GONE

    def _place(self, key: int) -> int | None:
        keys = self._lot.key
        place = int(np.searchsorted(keys, np.uint64(key)))
        return place if place < len(keys) and keys[place] == key and self._lot.closed[place] != _GONE else None

    def keys(self) -> list[int]:
        """The connections that ended."""
        return [*self._lot.key[self._lot.closed != _GONE].tolist(), *self._single]

    def expire(self, before: int) -> None:
        """Forget those that ended before then."""
        lots = [self._lot, *self._lots, _lot_of(list(self._single.items()))]
        self._lots, self._single = [], {}
        key, closed = np.concatenate([lot.key for lot in lots]), np.concatenate([lot.closed for lot in lots])
        kept = np.flatnonzero(closed >= before)  # none that is gone
        kept = kept[np.argsort(key[kept], kind="stable")]
        one, other = np.concatenate([lot.one for lot in lots]), np.concatenate([lot.other for lot in lots])
        self._lot = Lot(key[kept], closed[kept], one[kept], other[kept])


def _lot_of(tombs: list[tuple[int, Tombstone]]) -> Lot:
    def numbers(side: int) -> Ints:
        return np.array([_UNKNOWN if (isn := tomb.isn[side]) is None else isn for _, tomb in tombs], np.int64)

    keys = np.array([key for key, _ in tombs], np.uint64)
    return Lot(keys, np.array([tomb.closed for _, tomb in tombs], np.int64), numbers(0), numbers(1))


def is_among(keys: Keys, others: Keys) -> Bools:
    """(n) Which keys are among others, which are sorted."""
    if not len(others):
        return np.zeros(len(keys), bool)
    found: Bools = others[np.minimum(np.searchsorted(others, keys), len(others) - 1)] == keys
    return found
