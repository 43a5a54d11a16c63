"""Whether a question can be asked, decided in one place for both stores.

``checked_query`` and ``checked_selection`` give the question back with every filter value in its canonical form
(dates as RFC 3339 text in UTC, addresses and networks canonical, numbers of the field's type), or raise
QueryError with a sentence for the one who asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from ingest.store.cursor import parse_cursor
from ingest.store.errors import QueryError
from ingest.store.network import canonical_network
from ingest.store.query import Filter, Metric, Query, Scalar, Selection
from ingest.store.schema import DATASETS, Dataset, Field, FieldType
from ingest.store.values import canonical, date_from_text, date_text

MAX_PAGE = 5_000
"""Documents in a page; ``select_all`` walks any number of pages."""
MAX_VALUES = 10_000
"""Values in one filter."""

TIME = "@timestamp"
_NO_VALUES = ("exists", "missing")
_RANGES = ("gte", "gt", "lte", "lt")
_FILTERED_BY: dict[str, frozenset[FieldType]] = {
    "range": frozenset({"integer", "number", "date"}),
    "prefix": frozenset({"keyword", "keywords"}),
    "cidr": frozenset({"ip"}),
}
_MEASURED_BY: dict[str, frozenset[FieldType]] = {
    "sum": frozenset({"integer", "number"}),
    "min": frozenset({"integer", "number", "date"}),
    "max": frozenset({"integer", "number", "date"}),
    "distinct": frozenset({"keyword", "ip", "integer", "number", "boolean", "date"}),
}


def checked_query(query: Query) -> Query:
    """The query with canonical filters. Raises QueryError."""
    dataset = known_dataset(query.dataset)
    _check_times(query.since, query.until)
    _check_names(query)
    for name in query.group_by:
        _check_group(dataset, name)
    if query.limit is not None and query.limit < 1:
        raise QueryError("limit must be at least 1")
    return msgspec.structs.replace(
        query,
        where=_checked_filters(dataset, query.where),
        metrics=tuple(_checked_metric(dataset, metric) for metric in query.metrics),
    )


def checked_selection(selection: Selection) -> Selection:
    """The selection with canonical filters. Raises QueryError."""
    dataset = known_dataset(selection.dataset)
    _check_times(selection.since, selection.until)
    for name in selection.fields:
        known_field(dataset, name)
    if not 1 <= selection.limit <= MAX_PAGE:
        raise QueryError(f"limit must be 1 to {MAX_PAGE} documents a page, not {selection.limit}")
    if selection.after is not None:
        parse_cursor(selection.after)
    return msgspec.structs.replace(selection, where=_checked_filters(dataset, selection.where))


def group_keys(query: Query) -> tuple[str, ...]:
    """The names of a row's keys, in their order: the interval's bucket first."""
    return ((TIME,) if query.interval else ()) + query.group_by


def known_dataset(name: str) -> Dataset:
    """Raises QueryError."""
    try:
        return DATASETS[name]
    except KeyError:
        raise QueryError(f"there is no dataset {name!r}; there are {', '.join(DATASETS)}") from None


def known_field(dataset: Dataset, name: str) -> Field:
    """Raises QueryError."""
    try:
        return dataset.field(name)
    except KeyError:
        raise QueryError(f"{dataset.name} has no field {name!r}") from None


def checked_filter(dataset: Dataset, asked: Filter) -> Filter:
    """The filter with canonical values. Raises QueryError."""
    field = known_field(dataset, asked.field)
    if field.type == "json":
        raise QueryError(f"{field.name} is kept as JSON and cannot be filtered")
    _check_op(field, asked)
    return msgspec.structs.replace(asked, values=tuple(_checked_value(field, asked.op, value) for value in asked.values))


def _checked_filters(dataset: Dataset, where: Iterable[Filter]) -> tuple[Filter, ...]:
    return tuple(checked_filter(dataset, asked) for asked in where)


def _check_op(field: Field, asked: Filter) -> None:
    family = "range" if asked.op in _RANGES else asked.op
    allowed = _FILTERED_BY.get(family)
    if allowed is not None and field.type not in allowed:
        raise QueryError(f"{asked.op} does not work on {field.name}, which is of type {field.type}")
    count = len(asked.values)
    if asked.op in _NO_VALUES:
        if count:
            raise QueryError(f"{asked.op} on {field.name} takes no value")
    elif asked.op in _RANGES or asked.op == "prefix":
        if count != 1:
            raise QueryError(f"{asked.op} on {field.name} takes one value, not {count}")
    elif not 1 <= count <= MAX_VALUES:
        raise QueryError(f"{asked.op} on {field.name} takes 1 to {MAX_VALUES} values, not {count}")


def _checked_value(field: Field, op: str, value: Scalar) -> Scalar:
    try:
        return _canonical_scalar(field.type, op, value)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{value!r} cannot be compared with {field.name} ({field.type}): {error}") from None


def _canonical_scalar(type_: FieldType, op: str, value: Scalar) -> Scalar:
    if type_ == "date":
        if not isinstance(value, str):
            raise ValueError("a date is written as RFC 3339 text")
        return date_text(date_from_text(value))
    if op == "cidr":
        if not isinstance(value, str):
            raise ValueError("a network is written as text")
        return canonical_network(value)
    if type_ == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    scalar: Scalar = canonical("keyword" if type_ == "keywords" else type_, value)
    return scalar


def _check_times(since: datetime | None, until: datetime | None) -> None:
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is None:
            raise QueryError(f"{name} must carry a time zone")


def _check_names(query: Query) -> None:
    names = [*group_keys(query), *(metric.name for metric in query.metrics)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise QueryError(f"{', '.join(sorted(twice))} would stand twice in one row")
    if not names:
        raise QueryError("a query needs a metric or something to group by")
    if query.order_by is not None and query.order_by not in names:
        raise QueryError(f"order_by {query.order_by!r} is neither a metric nor a group key of this query")


def _check_group(dataset: Dataset, name: str) -> None:
    field = known_field(dataset, name)
    if field.type in ("keywords", "json"):
        raise QueryError(f"{name} is of type {field.type} and cannot be grouped by")


def _checked_metric(dataset: Dataset, metric: Metric) -> Metric:
    if metric.kind == "count":
        if metric.field is not None:
            raise QueryError("count counts documents and takes no field; filter with exists")
    else:
        if metric.field is None:
            raise QueryError(f"{metric.kind} needs a field")
        field = known_field(dataset, metric.field)
        if field.type not in _MEASURED_BY[metric.kind]:
            raise QueryError(f"{metric.kind} does not work on {field.name}, which is of type {field.type}")
    return msgspec.structs.replace(metric, where=_checked_filters(dataset, metric.where))
