"""The rows of an answer, made alike whatever store they come from: typed values, order, limit.

Sums of integers are exact on DuckDB; Elasticsearch adds in doubles, so there a sum beyond 2**53 is rounded to a
double's 15 to 16 digits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ingest.store.check import TIME, group_keys
from ingest.store.errors import TooManyGroups
from ingest.store.network import address_bytes
from ingest.store.query import MAX_GROUPS, Metric, Query, Row
from ingest.store.schema import DATASETS, FieldType


def too_many_groups() -> TooManyGroups:
    return TooManyGroups(f"the answer would have more than {MAX_GROUPS} groups: narrow the time or the filters, or group by less")


def key_type(query: Query, name: str) -> FieldType:
    """Type of a group key."""
    return "date" if name == TIME else DATASETS[query.dataset].field(name).type


def metric_type(query: Query, metric: Metric) -> FieldType:
    """Type of a metric's figure."""
    if metric.kind in ("count", "distinct") or metric.field is None:
        return "integer"
    return DATASETS[query.dataset].field(metric.field).type


def ordered(query: Query, rows: list[Row]) -> list[Row]:
    """The rows in the query's order, cut to its limit. Ties and the default order are by the group keys, None last."""
    keys = [(name, key_type(query, name) == "ip") for name in group_keys(query)]
    rows = sorted(rows, key=lambda row: [_rank(row[name], is_ip) for name, is_ip in keys])
    name = query.order_by
    if name is not None:
        is_ip = name in dict(keys) and dict(keys)[name]
        present = [row for row in rows if row[name] is not None]
        absent = [row for row in rows if row[name] is None]
        # A reversed sort is stable too: ties stay in the order of the keys.
        present.sort(key=lambda row: _rank(row[name], is_ip), reverse=query.descending)
        rows = present + absent
    return rows if query.limit is None else rows[: query.limit]


def _rank(value: Any, is_ip: bool) -> tuple[bool, Any]:
    if value is None:
        return True, 0
    return False, address_bytes(value) if is_ip else value


def typed_rows(query: Query, rows: list[Row]) -> list[Row]:
    """Rows that travelled as JSON, with their dates as dates again. Raises ValueError when they are no rows of this query."""
    names = {*group_keys(query), *(metric.name for metric in query.metrics)}
    dates = [name for name in group_keys(query) if key_type(query, name) == "date"]
    dates += [metric.name for metric in query.metrics if metric_type(query, metric) == "date"]
    for row in rows:
        if row.keys() != names:
            raise ValueError("a row of another query")
        for name in dates:
            if row[name] is not None:
                row[name] = datetime.fromisoformat(row[name])
    return rows
