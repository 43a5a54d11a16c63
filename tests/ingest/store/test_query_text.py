"""Filters and metrics as text: parse after render gives the same back, and errors say where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.store.check import checked_filter
from ingest.store.errors import QueryError
from ingest.store.query import COUNT, Filter, Metric
from ingest.store.query_text import parse_filter, parse_filters, parse_metric, render_filters, render_metric
from ingest.store.schema import DATASETS

from .questions import filters_for, queries

_datasets = st.sampled_from(list(DATASETS.values()))


@given(st.data())
def test_filters_come_back_from_their_text(data: st.DataObject) -> None:
    dataset = data.draw(_datasets)
    where = tuple(checked_filter(dataset, one) for one in data.draw(st.lists(filters_for(dataset), max_size=4)))
    assert parse_filters(dataset.name, render_filters(where)) == where


@given(queries())
def test_metrics_come_back_from_their_text(query: object) -> None:
    dataset = DATASETS[query.dataset]  # type: ignore[attr-defined]
    for metric in query.metrics:  # type: ignore[attr-defined]
        checked = Metric(metric.name, metric.kind, metric.field, tuple(checked_filter(dataset, one) for one in metric.where))
        assert parse_metric(dataset.name, render_metric(checked)) == checked


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", ()),
        ("source.geo.country_iso_code=TN", (Filter("source.geo.country_iso_code", "eq", ("TN",)),)),
        ("smtp.verdict!=tls,implicit_tls", (Filter("smtp.verdict", "ne", ("tls", "implicit_tls")),)),
        ("@timestamp>=2026-11-01", (Filter("@timestamp", "gte", ("2026-11-01T00:00:00.000000Z",)),)),
        ("@timestamp<2026-11-01T06:00:00+02:00", (Filter("@timestamp", "lt", ("2026-11-01T04:00:00.000000Z",)),)),
        ("source.port > 1023  source.port<=2000", (Filter("source.port", "gt", (1023,)), Filter("source.port", "lte", (2000,)))),
        ("source.ip=192.0.2.9/24,2001:db8::1", (Filter("source.ip", "cidr", ("192.0.2.0/24", "2001:db8::1/128")),)),
        ("source.ip=2001:DB8::1", (Filter("source.ip", "eq", ("2001:db8::1",)),)),
        ('smtp.banner="220 a, \\"b\\"" smtp.ehlo=true', (Filter("smtp.banner", "eq", ('220 a, "b"',)), Filter("smtp.ehlo", "eq", (True,)))),
        ("smtp.helo=* smtp.banner!=*", (Filter("smtp.helo", "exists"), Filter("smtp.banner", "missing"))),
        ('smtp.helo="*"', (Filter("smtp.helo", "eq", ("*",)),)),
        ("tls.server.issuer^=CN=R3", (Filter("tls.server.issuer", "prefix", ("CN=R3",)),)),
    ],
)
def test_text_is_understood(text: str, filters: tuple[Filter, ...]) -> None:
    assert parse_filters("sessions", text) == filters


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "'nonsense' is no filter"),
        ("smtp.verdict=tls nonsense", "'nonsense' is no filter"),
        ("smtp.verdict=", "smtp.verdict lacks a value"),
        ("smtp.verdict=tls,", "smtp.verdict lacks a value"),
        ('smtp.verdict="tls', "smtp.verdict lacks a value"),
        ('smtp.verdict="a"b', "'b' is no filter"),
        ('smtp.verdict="\\q"', "not quoted as JSON"),
        ("smtp.helo=*x", "'x' is no filter"),
        ("nope=1", "sessions has no field 'nope'"),
        ("source.port=1_0", "'1_0' cannot be compared with source.port"),
        ("source.port>25,26", "gt on source.port takes one value, not 2"),
        ("smtp.ehlo=maybe", "'maybe' cannot be compared"),
        ("source.ip=10.0.0.0/99", "cannot be compared with source.ip"),
        ("smtp.verdict>tls", "gt does not work on smtp.verdict"),
        ("smtp.evidence=x", "kept as JSON"),
        ("@timestamp>=yesterday", "cannot be compared with @timestamp"),
    ],
)
def test_what_is_not_understood_is_said(text: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        parse_filters("sessions", text)


def test_one_filter_is_one_filter() -> None:
    assert parse_filter("sessions", "smtp.helo=a") == Filter("smtp.helo", "eq", ("a",))
    for text in ("", "smtp.helo=a smtp.helo=b"):
        with pytest.raises(QueryError, match="where one belongs"):
            parse_filter("sessions", text)


def test_metrics_are_understood() -> None:
    assert parse_metric("sessions", "count") == COUNT
    assert parse_metric("dmarc", "messages:sum(dmarc.count)") == Metric("messages", "sum", "dmarc.count")
    narrowed = Metric("stripped", "count", None, (Filter("smtp.verdict", "eq", ("stripped_offer", "stripped_command")),))
    assert parse_metric("sessions", "stripped:count[smtp.verdict=stripped_offer,stripped_command]") == narrowed
    for text, said in [
        ("", "no metric"),
        ("median(x)", "is no metric"),
        ("sum(nope)", "no field"),
        ("count[smtp.helo=a", "end with"),
        ("count x", "after the metric"),
    ]:
        with pytest.raises(QueryError, match=said):
            parse_metric("sessions", text)
