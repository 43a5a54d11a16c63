"""The query compiled to DuckDB's SQL. Values are always parameters; only names from the schema stand in the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ingest.store.check import TIME, group_keys
from ingest.store.cursor import parse_cursor
from ingest.store.duckdb_store.tables import address_column, quoted, selected_columns
from ingest.store.network import address_bytes, network_span
from ingest.store.query import MAX_GROUPS, Filter, Metric, Query, Scalar, Selection
from ingest.store.schema import DATASETS, Dataset, Field, FieldType
from ingest.store.values import date_from_text

_COMPARISON = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}


@dataclass(slots=True)
class Statement:
    """SQL text and its parameters, in the order of their question marks."""

    text: str
    parameters: list[Any] = field(default_factory=list)


def aggregate_statement(query: Query) -> Statement:
    """Columns: the group keys, then the metrics, in the query's order. At most MAX_GROUPS + 1 rows.
    The query is checked already."""
    dataset = DATASETS[query.dataset]
    statement = Statement("SELECT ")
    keys = [_key(query, name) for name in group_keys(query)]
    figures = [_metric(dataset, metric, statement.parameters) for metric in query.metrics]
    statement.text += ", ".join(keys + figures) + f" FROM {quoted(dataset.name)}"
    _where(statement, dataset, query)
    if keys:
        statement.text += " GROUP BY " + ", ".join(str(place + 1) for place in range(len(keys)))
        statement.text += f" LIMIT {MAX_GROUPS + 1}"
    return statement


def select_statement(selection: Selection, fields: tuple[Field, ...]) -> Statement:
    """Columns: ``id``, then the fields. One row more than the page, when there is one. The selection is checked already."""
    dataset = DATASETS[selection.dataset]
    statement = Statement(f"SELECT id{selected_columns(fields)} FROM {quoted(dataset.name)}")
    _where(statement, dataset, selection)
    direction = "ASC" if selection.ascending else "DESC"
    statement.text += f" ORDER BY {quoted(TIME)} {direction}, id {direction} LIMIT {selection.limit + 1}"
    return statement


def _key(query: Query, name: str) -> str:
    if name == TIME and query.interval:
        return f"date_trunc('{query.interval}', {quoted(TIME)})"
    return quoted(name)


def _metric(dataset: Dataset, metric: Metric, parameters: list[Any]) -> str:
    column = quoted(metric.field) if metric.field else "*"
    narrowed = ""
    if metric.where:
        narrowed = f" FILTER (WHERE {_conditions(dataset, metric.where, parameters)})"
    match metric.kind:
        case "count":
            return f"count(*){narrowed}"
        case "sum":
            return f"coalesce(sum({column}){narrowed}, 0)"
        case "distinct":
            return f"count(DISTINCT {column}){narrowed}"
        case "min" | "max":
            return f"{metric.kind}({column}){narrowed}"


def _where(statement: Statement, dataset: Dataset, asked: Query | Selection) -> None:
    parts: list[str] = []
    parameters = statement.parameters
    if asked.since is not None:
        parts.append(f"{quoted(TIME)} >= ?")
        parameters.append(_naive(asked.since))
    if asked.until is not None:
        parts.append(f"{quoted(TIME)} < ?")
        parameters.append(_naive(asked.until))
    if asked.where:
        parts.append(_conditions(dataset, asked.where, parameters))
    if isinstance(asked, Selection) and asked.after is not None:
        moment, id_ = parse_cursor(asked.after)
        sign = ">" if asked.ascending else "<"
        parts.append(f"({quoted(TIME)} {sign} ? OR ({quoted(TIME)} = ? AND id {sign} ?))")
        parameters += [_naive(moment), _naive(moment), id_]
    if parts:
        statement.text += " WHERE " + " AND ".join(parts)


def _conditions(dataset: Dataset, where: Iterable[Filter], parameters: list[Any]) -> str:
    return " AND ".join(_condition(dataset.field(asked.field), asked, parameters) for asked in where)


def _condition(field: Field, asked: Filter, parameters: list[Any]) -> str:
    column = quoted(field.name)
    match asked.op:
        case "exists":
            return f"{column} IS NOT NULL"
        case "missing":
            return f"{column} IS NULL"
        case "eq":
            return _equals(field, asked.values, parameters)
        case "ne":
            return f"NOT coalesce({_equals(field, asked.values, parameters)}, FALSE)"
        case "prefix":
            return _prefix(field, asked.values[0], parameters)
        case "cidr":
            return _in_networks(field, asked.values, parameters)
        case "gte" | "gt" | "lte" | "lt":
            parameters.append(_parameter(field.type, asked.values[0]))
            return f"{column} {_COMPARISON[asked.op]} ?"


def _equals(field: Field, values: Sequence[Scalar], parameters: list[Any]) -> str:
    parameters += [_parameter(field.type, value) for value in values]
    marks = ", ".join("?" * len(values))
    if field.type == "keywords":
        return f"list_has_any({quoted(field.name)}, [{marks}])"
    return f"{quoted(field.name)} IN ({marks})"


def _prefix(field: Field, prefix: Scalar, parameters: list[Any]) -> str:
    parameters.append(prefix)
    column = quoted(field.name)
    if field.type == "keywords":
        return f"list_bool_or(list_transform({column}, lambda item: starts_with(item, ?)))"
    return f"starts_with({column}, ?)"


def _in_networks(field: Field, networks: Sequence[Scalar], parameters: list[Any]) -> str:
    column = quoted(address_column(field.name))
    for network in networks:
        first, last = network_span(str(network))
        parameters += [address_bytes(first), address_bytes(last)]
    return "(" + " OR ".join([f"{column} BETWEEN ? AND ?"] * len(networks)) + ")"


def _parameter(type_: FieldType, value: Scalar) -> Any:
    return _naive(date_from_text(str(value))) if type_ == "date" else value


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
