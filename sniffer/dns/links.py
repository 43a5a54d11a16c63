"""Who led to whom, and from when until when: a bounded memory that forgets what was silent longest."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)
_SPANS = 4
"""Spans kept of one link; it has several when it was silent for longer than it counted."""


class _Span(NamedTuple):
    since: int
    last: int
    until: int


class Links(Generic[K, V]):
    """``keys`` keys at most, ``others`` values each. Times are nanoseconds."""

    def __init__(self, keys: int, others: int) -> None:
        self._keys = keys
        self._others = others
        self._of: dict[K, dict[V, list[_Span]]] = {}
        self.forgotten = 0
        """Keys that went although what they led to still counted."""

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, key: K) -> bool:
        return key in self._of

    def add(self, key: K, value: V, since: int, until: int) -> None:
        """The key led to the value at ``since``, which counts until ``until``."""
        values = self._of.pop(key, {})
        spans = values.pop(value, [])
        self._of[key] = values
        values[value] = spans
        before = spans[-1] if spans else None
        if before and before.since <= since <= before.until:
            spans[-1] = _Span(before.since, max(before.last, since), max(before.until, until))
        else:
            spans.append(_Span(since, since, until))
            del spans[:-_SPANS]
        if len(values) > self._others:
            del values[next(iter(values))]
        if len(self._of) > self._keys:
            gone = self._of.pop(next(iter(self._of)))
            self.forgotten += any(spans[-1].until >= since for spans in gone.values())

    def at(self, key: K, time: int) -> list[V]:
        """What the key leads to at a time, the latest told first."""
        values = self._of.get(key)
        if not values:
            return []
        found: list[tuple[int, int, V]] = []
        for order, (value, spans) in enumerate(values.items()):
            held = [min(span.last, time) for span in spans if span.since <= time <= span.until]
            if held:
                found.append((max(held), order, value))
        return [value for *_, value in sorted(found, key=lambda one: one[:2], reverse=True)]
