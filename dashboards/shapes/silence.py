"""Reporters that have fallen silent: who used to report nearly every day and now has not for days.

A report about a day comes the day after, and small reporters skip days on which nobody wrote to us. So a reporter is
called silent only after longer than twice its own longest gap, and never before three days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from ingest.store.query import Filter, Query

MEMORY = timedelta(days=60)
MIN_DAYS = 5
"""Days with a report before a habit can be spoken of."""
MIN_SILENCE = 3


@dataclass(frozen=True, slots=True)
class Silence:
    """``days`` whole days since the day that the last report was about; ``usual`` the longest gap before, in days."""

    reporter: str
    kind: str
    last: datetime
    days: int
    usual: int


def reports_by_day(now: datetime, among: tuple[Filter, ...] = ()) -> Query:
    """Counted reports of the last 60 days by reporter, kind and the day that they are about. ``among`` narrows them."""
    return Query(
        dataset="reports",
        since=now - MEMORY,
        until=now + timedelta(days=1),
        where=(Filter("counted", "eq", (True,)), Filter("report.kind", "eq", ("tlsrpt", "dmarc")), *among),
        group_by=("organization.name", "report.kind"),
        interval="day",
    )


def silences(rows: Iterable[Mapping[str, Any]], now: datetime) -> list[Silence]:
    """The silent ones among the rows of ``reports_by_day``, the longest silence first."""
    days: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in rows:
        if row["organization.name"] is not None:
            days[row["organization.name"], row["report.kind"]].append(row["@timestamp"])
    found = [silence for (reporter, kind), seen in days.items() if (silence := _silence(reporter, kind, sorted(seen), now))]
    return sorted(found, key=lambda silence: (-silence.days, silence.reporter))


def _silence(reporter: str, kind: str, days: list[datetime], now: datetime) -> Silence | None:
    if len(days) < MIN_DAYS:
        return None
    usual = max((later - earlier).days for earlier, later in pairwise(days))
    silent = (now - days[-1]).days - 1  # a day's report comes the day after
    if silent < MIN_SILENCE or silent <= 2 * usual:
        return None
    return Silence(reporter, kind, days[-1], silent, usual)
