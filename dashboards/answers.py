"""Answers of the store in the forms that several pages want."""

from __future__ import annotations

import msgspec

from dashboards.lens import Lens
from dashboards.questions.sessions import extent
from dashboards.timerange import interval_of
from ingest.store.protocol import StoreReader
from ingest.store.query import Interval, Query, Row


def single(store: StoreReader, query: Query) -> Row:
    """The one row of an ungrouped query; counts and sums of nothing are 0, the rest None."""
    rows = store.aggregate(query)
    if rows:
        return rows[0]
    return {metric.name: 0 if metric.kind in ("count", "sum", "distinct") else None for metric in query.metrics}


def interval_over(store: StoreReader, lens: Lens, dataset: str) -> Interval | None:
    """Bucket width for what the lens leaves of a dataset, None when that is nothing."""
    row = single(store, extent(lens, dataset))
    if not row["count"]:
        return None
    begin = lens.range.since or row["oldest"]
    end = lens.range.until or (lens.now if lens.range.since else row["newest"])
    return interval_of(begin, end)


def by_time(query: Query, interval: Interval) -> Query:
    """The same question, by time as well."""
    return msgspec.structs.replace(query, interval=interval, order_by=None, limit=None)
