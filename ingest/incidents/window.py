"""The windows that rules judge: calendar months, UTC.

A window must follow from a document's own time alone, so that evaluating again, in another order, or after a replay
names the same incidents. Months keep one lasting condition one incident that grows, where days would make it thirty;
episodes ("from when it began until it ends") would be longer still, but a late batch can join two of them or split
one, and ids would change. A condition that outlives its month is asked about anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Span = tuple[datetime, datetime]
"""Oldest and newest time, both inclusive."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """``begin`` inclusive, ``end`` exclusive."""

    begin: datetime
    end: datetime

    def holds(self, time: datetime) -> bool:
        return self.begin <= time < self.end


def month_of(time: datetime) -> Window:
    """The calendar month, UTC, that a time stands in."""
    begin = time.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(begin, (begin + timedelta(days=32)).replace(day=1))


def touched(spans: Mapping[str, Span], there: Iterable[Window], memory: timedelta) -> list[Window]:
    """Of the windows that hold documents, those that newly written ones can change, oldest first: the windows that
    they stand in, and the later ones that remember them."""
    reach = [(oldest, newest + memory) for oldest, newest in spans.values()]
    return sorted(window for window in there if any(window.begin <= newest and oldest < window.end for oldest, newest in reach))
