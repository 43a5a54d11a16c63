"""Filters and metrics as people type them, on the command line and in a page's address.

    source.geo.country_iso_code=TN              equals; several values: FIELD=A,B
    smtp.verdict!=tls,implicit_tls              equals none of them (or is missing)
    @timestamp>=2026-11-01  source.port<1024    ranges
    tls.server.issuer^="CN=R3"                  begins with
    source.ip=192.0.2.0/24,2001:db8::/32        networks, where the field is an address
    smtp.helo=*   smtp.helo!=*                  exists, is missing

    count   sum(dmarc.count)   clients:distinct(source.ip)
    stripped:count[smtp.verdict=stripped_offer,stripped_command]

A value with a space, comma, quote, bracket, or one that begins with ``*``, stands in double quotes, with JSON's
escapes. ``parse`` after ``render`` gives the same filter or metric back (in canonical form, see ``check``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args

import msgspec

from ingest.store.check import checked_filter, known_dataset, known_field
from ingest.store.errors import QueryError
from ingest.store.query import Filter, Metric, MetricKind, Op, Scalar
from ingest.store.schema import Dataset, Field

_SIGNS: dict[str, Op] = {"!=": "ne", ">=": "gte", "<=": "lte", "^=": "prefix", "=": "eq", ">": "gt", "<": "lt"}
_OF_OP: dict[Op, str] = {op: sign for sign, op in _SIGNS.items()} | {"cidr": "=", "exists": "=*", "missing": "!=*"}
_FILTER = re.compile(r"\s*(?P<field>[@\w.-]+)\s*(?P<sign>!=|>=|<=|\^=|=|>|<)\s*")
_VALUE = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<plain>[^\s,"\[\]]+)', re.DOTALL)
_METRIC = re.compile(r"\s*(?:(?P<name>[\w.@-]+):)?(?P<kind>\w+)(?:\((?P<field>[@\w.-]+)\))?(?P<where>\[)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_PLAIN = re.compile(r'[^\s,"\[\]*][^\s,"\[\]]*')


def parse_filters(dataset: str, text: str) -> tuple[Filter, ...]:
    """Filters separated by white space. Raises QueryError with a sentence that says where it stopped understanding."""
    known = known_dataset(dataset)
    filters, end = _filters(known, text, 0)
    if end != len(text):
        raise QueryError(f"{text[end:]!r} is no filter: expected FIELD=VALUE")
    return filters


def parse_filter(dataset: str, text: str) -> Filter:
    """Exactly one filter. Raises QueryError."""
    filters = parse_filters(dataset, text)
    if len(filters) != 1:
        raise QueryError(f"{text!r} is {len(filters)} filters where one belongs; a value with a space stands in double quotes")
    return filters[0]


def render_filters(where: Sequence[Filter]) -> str:
    return " ".join(render_filter(one) for one in where)


def render_filter(one: Filter) -> str:
    return f"{one.field}{_OF_OP[one.op]}{','.join(_render_value(value) for value in one.values)}"


def parse_metric(dataset: str, text: str) -> Metric:
    """``[NAME:]KIND[(FIELD)][[FILTERS]]``; the name is the text before the filters when none is given. Raises QueryError."""
    known = known_dataset(dataset)
    found = _METRIC.match(text)
    if found is None or found["kind"] not in get_args(MetricKind):
        raise QueryError(f"{text!r} is no metric: expected {', '.join(get_args(MetricKind))}, as in sum(FIELD)")
    where: tuple[Filter, ...] = ()
    end = found.end()
    if found["where"]:
        where, end = _filters(known, text, end)
        if text[end : end + 1] != "]":
            raise QueryError(f"{text!r}: the filters of a metric end with ]")
        end += 1
    if text[end:].strip():
        raise QueryError(f"{text[end:]!r} after the metric is not understood")
    field = found["field"]
    if field is not None:
        known_field(known, field)
    kind: MetricKind = found["kind"]  # type: ignore[assignment]
    return Metric(found["name"] or _default_name(kind, field), kind, field, where)


def render_metric(metric: Metric) -> str:
    figure = _default_name(metric.kind, metric.field)
    name = "" if metric.name == figure else f"{metric.name}:"
    where = f"[{render_filters(metric.where)}]" if metric.where else ""
    return f"{name}{figure}{where}"


def _default_name(kind: str, field: str | None) -> str:
    return kind if field is None else f"{kind}({field})"


def _filters(dataset: Dataset, text: str, start: int) -> tuple[tuple[Filter, ...], int]:
    filters = []
    while (found := _FILTER.match(text, start)) is not None:
        field = known_field(dataset, found["field"])
        start = found.end()
        op = _SIGNS[found["sign"]]
        if text.startswith("*", start) and op in ("eq", "ne"):
            filters.append(checked_filter(dataset, Filter(field.name, "exists" if op == "eq" else "missing")))
            start += 1
        else:
            values, start = _values(text, start, field)
            filters.append(_filter(dataset, field, op, values))
        if start < len(text) and not text[start].isspace() and text[start] != "]":
            break
    return tuple(filters), start + len(text[start:]) - len(text[start:].lstrip())


def _filter(dataset: Dataset, field: Field, op: Op, values: list[str]) -> Filter:
    if op == "eq" and field.type == "ip" and any("/" in value for value in values):
        return checked_filter(dataset, Filter(field.name, "cidr", tuple(values)))
    return checked_filter(dataset, Filter(field.name, op, tuple(_scalar(field, value) for value in values)))


def _values(text: str, start: int, field: Field) -> tuple[list[str], int]:
    values = []
    while True:
        found = _VALUE.match(text, start)
        if found is None:
            raise QueryError(f"{field.name} lacks a value at {text[start:]!r}; a value with a space or comma stands in double quotes")
        values.append(_unquoted(found["quoted"]) if found["quoted"] else found["plain"])
        start = found.end()
        if not text.startswith(",", start):
            return values, start
        start += 1


def _unquoted(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.MsgspecError:
        raise QueryError(f"{text} is not quoted as JSON quotes") from None


def _scalar(field: Field, text: str) -> Scalar:
    try:
        match field.type:
            case "integer" if _INTEGER.fullmatch(text):
                return int(text)
            case "integer":
                raise ValueError
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case _:
                return text
    except (ValueError, KeyError):
        raise QueryError(f"{text!r} cannot be compared with {field.name}, which is of type {field.type}") from None


def _render_value(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return value if _PLAIN.fullmatch(value) else msgspec.json.encode(value).decode()
