"""The query compiled to Elasticsearch: filters, composite sources, metrics, and the way back to typed figures.

Dates are compared, grouped and counted by their exact twins (``templates``); only calendar buckets and the smallest
and largest date, which are floored to the millisecond anyway, use the date itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ingest.store.answer import key_type, metric_type
from ingest.store.check import TIME, group_keys
from ingest.store.cursor import parse_cursor
from ingest.store.elasticsearch_store.templates import ID_FIELD, micros_field
from ingest.store.network import canonical_address, network_span
from ingest.store.query import Filter, Metric, Query, Row, Scalar, Selection
from ingest.store.schema import DATASETS, Dataset, Field, FieldType
from ingest.store.values import date_from_text, from_micros, micros

Json = dict[str, Any]
_PRECISION = 40_000
"""Elasticsearch's highest: below it a cardinality is close to exact."""


def query_filter(asked: Query | Selection, extra: Iterable[Filter] = ()) -> Json:
    """What narrows the documents: the time range and all filters."""
    dataset = DATASETS[asked.dataset]
    span: Json = {}
    if asked.since is not None:
        span["gte"] = micros(asked.since)
    if asked.until is not None:
        span["lt"] = micros(asked.until)
    clauses = [{"range": {micros_field(TIME): span}}] if span else []
    clauses += [_clause(dataset.field(one.field), one) for one in (*asked.where, *extra)]
    return {"bool": {"filter": clauses}}


def composite_sources(query: Query) -> list[Json]:
    """One source a group key; a missing key is a group of its own."""
    sources: list[Json] = []
    for place, name in enumerate(group_keys(query)):
        if name == TIME and query.interval:
            source: Json = {"date_histogram": {"field": TIME, "calendar_interval": query.interval}}
        else:
            source = {"terms": {"field": _exact(DATASETS[query.dataset].field(name)), "missing_bucket": True}}
        sources.append({f"k{place}": source})
    return sources


def distinct_source(query: Query, metric: Metric) -> Json:
    """The source that enumerates a metric's values beside the group keys."""
    return {"value": {"terms": {"field": _exact(_metric_field(query, metric))}}}


def metric_aggregations(query: Query) -> Json:
    """``mN`` → aggregation, for every metric that the document count alone does not answer."""
    dataset = DATASETS[query.dataset]
    aggregations: Json = {}
    for place, metric in enumerate(query.metrics):
        figure = _figure_aggregation(query, metric)
        if metric.where:
            clauses = [_clause(dataset.field(one.field), one) for one in metric.where]
            inner = {"aggs": {"v": figure}} if figure else {}
            aggregations[f"m{place}"] = {"filter": {"bool": {"filter": clauses}}, **inner}
        elif figure:
            aggregations[f"m{place}"] = figure
    return aggregations


def row_of(query: Query, key: tuple[Any, ...], bucket: Json) -> Row:
    """A bucket as a row. ``key`` holds the composite key's raw values."""
    row: Row = {}
    for name, raw in zip(group_keys(query), key, strict=True):
        row[name] = _bucket_start(raw) if name == TIME and query.interval else _key_value(key_type(query, name), raw)
    for place, metric in enumerate(query.metrics):
        row[metric.name] = _figure(query, metric, bucket, f"m{place}")
    return row


def search_after(selection: Selection) -> list[Any] | None:
    if selection.after is None:
        return None
    moment, id_ = parse_cursor(selection.after)
    return [micros(moment), id_]


def sort_of(selection: Selection) -> list[Json]:
    direction = "asc" if selection.ascending else "desc"
    return [
        {micros_field(TIME): {"order": direction, "unmapped_type": "long"}},
        {ID_FIELD: {"order": direction, "unmapped_type": "keyword"}},
    ]


def _clause(field: Field, asked: Filter) -> Json:
    name = _exact(field)
    match asked.op:
        case "exists":
            return {"exists": {"field": name}}
        case "missing":
            return _not({"exists": {"field": name}})
        case "eq":
            return _terms(field, asked.values)
        case "ne":
            return _not(_terms(field, asked.values))
        case "prefix":
            return {"prefix": {name: {"value": asked.values[0]}}}
        case "cidr":
            return {"bool": {"should": [_network(name, value) for value in asked.values], "minimum_should_match": 1}}
        case "gte" | "gt" | "lte" | "lt":
            return {"range": {name: {asked.op: _term(field.type, asked.values[0])}}}


def _terms(field: Field, values: tuple[Scalar, ...]) -> Json:
    return {"terms": {_exact(field): [_term(field.type, value) for value in values]}}


def _term(type_: FieldType, value: Scalar) -> Scalar:
    return micros(date_from_text(str(value))) if type_ == "date" else value


def _network(name: str, network: Scalar) -> Json:
    first, last = network_span(str(network))
    return {"range": {name: {"gte": first, "lte": last}}}


def _not(clause: Json) -> Json:
    return {"bool": {"must_not": [clause]}}


def _exact(field: Field) -> str:
    return micros_field(field.name) if field.type == "date" else field.name


def _metric_field(query: Query, metric: Metric) -> Field:
    dataset: Dataset = DATASETS[query.dataset]
    return dataset.field(metric.field or TIME)


def _figure_aggregation(query: Query, metric: Metric) -> Json | None:
    if metric.kind == "count":
        return None
    field = _metric_field(query, metric)
    if metric.kind == "distinct":
        return {"cardinality": {"field": _exact(field), "precision_threshold": _PRECISION}}
    return {metric.kind: {"field": field.name}}


def _figure(query: Query, metric: Metric, bucket: Json, name: str) -> Any:
    if metric.where:
        bucket = bucket[name]
        name = "v"
    if metric.kind == "count":
        return bucket["doc_count"]
    value = bucket[name]["value"]
    if value is None:
        return None
    match metric_type(query, metric):
        case "date":
            return from_micros(round(value) * 1000)
        case "integer":
            return round(float(value))
        case _:
            return float(value)


def _key_value(type_: FieldType, raw: Any) -> Any:
    if raw is None:
        return None
    match type_:
        case "date":
            return from_micros(raw)
        case "ip":
            return canonical_address(raw)
        case "boolean":
            return bool(raw)
        case "number":
            return float(raw)
        case _:
            return raw


def _bucket_start(milliseconds: int) -> datetime:
    return from_micros(0) + timedelta(milliseconds=milliseconds)
