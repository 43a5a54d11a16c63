"""Questions about sessions: shares of stripping and of TLS, by whatever groups."""

from __future__ import annotations

from dashboards.lens import Lens
from ingest.store.query import Filter, Interval, Metric, Query
from ingest.store.schema import FROM_LOG, STRIPPED

VERDICT = "smtp.verdict"
COUNTRY = "far_end.geo.country_iso_code"
PATH = "network.path"
DIRECTION = "network.direction"

OBSERVED = Filter("smtp.evidence_words", "ne", (FROM_LOG,))
"""Seen by a sensor of ours, which tells every verdict; a log of others tells only some."""
SHARES = (
    Metric("sessions"),
    Metric("decided", where=(Filter(VERDICT, "ne", ("incomplete",)), OBSERVED)),
    Metric("stripped", where=(Filter(VERDICT, "eq", STRIPPED), OBSERVED)),
    Metric("encrypted", where=(Filter(VERDICT, "eq", ("tls", "implicit_tls")), OBSERVED)),
    Metric("never_asked", where=(Filter(VERDICT, "eq", ("cleartext_offered",)),)),
)
"""What every share is made of. ``decided`` leaves out sessions that could not be judged, and those that only a log
told of: they count neither way."""


def shares(lens: Lens, *group_by: str, interval: Interval | None = None, where: tuple[Filter, ...] = ()) -> Query:
    """Sessions, decided, stripped, encrypted and never asked, by group and by time."""
    return Query(
        dataset="sessions",
        since=lens.range.since,
        until=lens.range.until,
        where=lens.filters.where("sessions") + where,
        group_by=group_by,
        interval=interval,
        metrics=SHARES,
    )


def counts(lens: Lens, *group_by: str, where: tuple[Filter, ...] = (), limit: int | None = None) -> Query:
    """Plain counts of sessions by group, largest first."""
    return Query(
        dataset="sessions",
        since=lens.range.since,
        until=lens.range.until,
        where=lens.filters.where("sessions") + where,
        group_by=group_by,
        order_by="count",
        limit=limit,
    )


def extent(lens: Lens, dataset: str) -> Query:
    """Oldest and newest time of what the filters leave, and how many."""
    metrics = (Metric("oldest", "min", "@timestamp"), Metric("newest", "max", "@timestamp"), Metric("count"))
    return Query(dataset=dataset, since=lens.range.since, until=lens.range.until, where=lens.filters.where(dataset), metrics=metrics)


def newest(dataset: str) -> Query:
    """Time of the newest document, whatever the lens."""
    return Query(dataset=dataset, metrics=(Metric("newest", "max", "@timestamp"),))
