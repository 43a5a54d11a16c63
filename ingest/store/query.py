"""The one query. Everything that reads (pages, API, command line, incidents, Kibana's figures) is built on it.

A query compiles to SQL and to Elasticsearch aggregations, and the same question gives the same answer on both:
one row a combination of group keys, keys missing in a document are a group of their own (None), metrics are exact.
Structs encode to JSON as they are, so a query also travels over the control socket and the API.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Scalar = str | int | float | bool
Op = Literal["eq", "ne", "gte", "gt", "lte", "lt", "exists", "missing", "prefix", "cidr"]
Interval = Literal["minute", "hour", "day", "week", "month"]
MetricKind = Literal["count", "sum", "min", "max", "distinct"]
MAX_GROUPS = 65_536
"""A query that would make more groups than this raises TooManyGroups rather than an answer that is silently cut."""


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``field op values``. ``eq`` holds when the field equals any of the values (for ``keywords`` any element);
    ``ne`` when it equals none of them, also when it is missing; ``gte gt lte lt prefix`` take one value (``prefix``
    on keywords, case-sensitive); ``cidr`` takes networks, for ``ip`` fields; ``exists`` and ``missing`` take none.
    Dates are RFC 3339 strings."""

    field: str
    op: Op = "eq"
    values: tuple[Scalar, ...] = ()


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One figure a group. ``where`` narrows the documents of the group that it looks at. ``count`` and ``sum`` of
    nothing are 0; ``min`` and ``max`` of nothing are None; dates in them are floored to the millisecond."""

    name: str
    kind: MetricKind = "count"
    field: str | None = None
    where: tuple[Filter, ...] = ()


COUNT = Metric("count")


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Grouped figures. ``since`` is inclusive and ``until`` exclusive, both on ``@timestamp``. ``interval`` adds a
    group key ``@timestamp``: the bucket's start, UTC, weeks from Monday; empty buckets are not made up.
    ``order_by`` names a metric (or a group key); ties and the default order are by the group keys ascending, None last.
    """

    dataset: str
    since: datetime | None = None
    until: datetime | None = None
    where: tuple[Filter, ...] = ()
    group_by: tuple[str, ...] = ()
    interval: Interval | None = None
    metrics: tuple[Metric, ...] = (COUNT,)
    order_by: str | None = None
    descending: bool = True
    limit: int | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Documents themselves, newest first unless ``ascending``. ``after`` is the cursor of an earlier page; an empty
    ``fields`` means all."""

    dataset: str
    since: datetime | None = None
    until: datetime | None = None
    where: tuple[Filter, ...] = ()
    fields: tuple[str, ...] = ()
    ascending: bool = False
    limit: int = 50
    after: str | None = None


Row = dict[str, Any]
"""One group of an answer: group keys and metrics by name. Dates are aware datetimes in UTC, addresses canonical text."""
