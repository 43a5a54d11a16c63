"""Grouped figures for rules: one query for all paths, servers or clients, never one for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from ingest.store.errors import TooManyGroups
from ingest.store.protocol import StoreReader
from ingest.store.query import COUNT, Filter, Metric, Query, Row, Scalar

IN_ONE_QUERY = 500
"""Values that one filter names: candidates are asked about in lots of this size."""
SHORTEST = timedelta(minutes=1)
"""Time ranges are not halved below this."""
TIMES = (COUNT, Metric("first", "min", "@timestamp"), Metric("last", "max", "@timestamp"))
"""How many, and from when to when."""


def grouped(store: StoreReader, query: Query) -> list[Row]:
    """The query's groups, however many: where the store refuses so many at once, its time range is halved and the
    halves' figures are put together. The query has both ends of its range and no ``distinct`` metric, no ``limit``."""
    try:
        return store.aggregate(query)
    except TooManyGroups:
        since, until = query.since, query.until
        if since is None or until is None or until - since <= SHORTEST:
            raise
    middle = since + (until - since) / 2
    early, late = (msgspec.structs.replace(query, since=a, until=b) for a, b in ((since, middle), (middle, until)))
    return _merged(grouped(store, early) + grouped(store, late), query)


def grouped_by_lot(store: StoreReader, query: Query, field: str, values: Iterable[Scalar]) -> list[Row]:
    """The query for documents whose ``field`` is one of ``values``, asked lot by lot. ``field`` is a group key of it."""
    rows: list[Row] = []
    for lot in lots(sorted(set(values))):
        rows += grouped(store, msgspec.structs.replace(query, where=(*query.where, Filter(field, "eq", tuple(lot)))))
    return rows


def lots(values: Sequence[Scalar]) -> Iterator[Sequence[Scalar]]:
    for start in range(0, len(values), IN_ONE_QUERY):
        yield values[start : start + IN_ONE_QUERY]


def is_(field: str, *values: Scalar) -> Filter:
    return Filter(field, "eq", values)


def is_not(field: str, *values: Scalar) -> Filter:
    return Filter(field, "ne", values)


def exists(field: str) -> Filter:
    return Filter(field, "exists")


def text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def earliest(rows: Iterable[Row]) -> datetime:
    time: datetime = min(row["first"] for row in rows)
    return time


def latest(rows: Iterable[Row]) -> datetime:
    time: datetime = max(row["last"] for row in rows)
    return time


def _merged(rows: list[Row], query: Query) -> list[Row]:
    keys = (*query.group_by, *(("@timestamp",) if query.interval else ()))
    merged: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        known = merged.get(key)
        merged[key] = dict(row) if known is None else _sum(known, row, query.metrics)
    return list(merged.values())


def _sum(one: Row, other: Row, metrics: Iterable[Metric]) -> Row:
    result = dict(one)
    for metric in metrics:
        values = [row[metric.name] for row in (one, other) if row[metric.name] is not None]
        if metric.kind == "distinct":
            raise ValueError(f"{metric.name}: distinct figures of two ranges cannot be put together")
        put_together = {"min": min, "max": max}.get(metric.kind, sum)
        result[metric.name] = put_together(values) if values else None
    return result
