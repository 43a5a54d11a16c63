"""Which questions can be asked, and what is said of the others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.store.check import MAX_PAGE, MAX_VALUES, checked_query, checked_selection
from ingest.store.errors import QueryError
from ingest.store.query import COUNT, Filter, Metric, Query, Selection

NAIVE = datetime(2026, 11, 24)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(dataset="x"), "no dataset 'x'; there are sessions, reports"),
        (Query(dataset="sessions", group_by=("nope",)), "sessions has no field 'nope'"),
        (Query(dataset="sessions", group_by=("smtp.evidence",)), "of type json and cannot be grouped by"),
        (Query(dataset="sessions", group_by=("smtp.evidence_words",)), "of type keywords and cannot be grouped by"),
        (Query(dataset="sessions", group_by=("smtp.helo", "smtp.helo")), "smtp.helo would stand twice"),
        (Query(dataset="sessions", interval="day", group_by=("@timestamp",)), "@timestamp would stand twice"),
        (Query(dataset="sessions", metrics=(COUNT, COUNT)), "count would stand twice"),
        (Query(dataset="sessions", metrics=()), "needs a metric or something to group by"),
        (Query(dataset="sessions", metrics=(Metric("m", "sum"),)), "sum needs a field"),
        (Query(dataset="sessions", metrics=(Metric("m", "count", "smtp.helo"),)), "takes no field"),
        (Query(dataset="sessions", metrics=(Metric("m", "sum", "smtp.helo"),)), "sum does not work on smtp.helo, which is of type keyword"),
        (Query(dataset="sessions", metrics=(Metric("m", "max", "source.ip"),)), "max does not work on source.ip"),
        (Query(dataset="sessions", metrics=(Metric("m", "distinct", "smtp.evidence_words"),)), "distinct does not work"),
        (Query(dataset="sessions", metrics=(Metric("m", where=(Filter("nope"),)),)), "no field 'nope'"),
        (Query(dataset="sessions", order_by="other"), "order_by 'other' is neither"),
        (Query(dataset="sessions", limit=0), "limit must be at least 1"),
        (Query(dataset="sessions", since=NAIVE), "since must carry a time zone"),
        (Query(dataset="sessions", until=NAIVE), "until must carry a time zone"),
    ],
)
def test_a_query_that_cannot_be_asked(query: Query, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        checked_query(query)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Filter("smtp.evidence", "exists"), "kept as JSON and cannot be filtered"),
        (Filter("smtp.helo", "gte", ("a",)), "gte does not work on smtp.helo"),
        (Filter("smtp.helo", "cidr", ("10.0.0.0/8",)), "cidr does not work on smtp.helo"),
        (Filter("source.ip", "prefix", ("10.",)), "prefix does not work on source.ip"),
        (Filter("smtp.helo", "eq"), "eq on smtp.helo takes 1 to 10000 values, not 0"),
        (Filter("smtp.helo", "eq", ("x",) * (MAX_VALUES + 1)), "not 10001"),
        (Filter("smtp.helo", "exists", ("x",)), "takes no value"),
        (Filter("source.port", "lt", (1, 2)), "takes one value, not 2"),
        (Filter("source.port", "eq", ("25",)), "'25' cannot be compared with source.port"),
        (Filter("source.port", "eq", (25.5,)), "25.5 cannot be compared"),
        (Filter("source.port", "eq", (True,)), "True cannot be compared"),
        (Filter("smtp.ehlo", "eq", (1,)), "1 cannot be compared"),
        (Filter("smtp.helo", "eq", ("\ud800",)), "cannot be compared with smtp.helo"),
        (Filter("source.ip", "eq", ("10.0.0.0/8",)), "cannot be compared with source.ip"),
        (Filter("source.ip", "cidr", ("10.0.0.0/33",)), "cannot be compared with source.ip"),
        (Filter("@timestamp", "gte", (1_700_000_000,)), "RFC 3339"),
        (Filter("@timestamp", "gte", ("2026-11-24T00:00:00",)), "without a time zone"),
    ],
)
def test_a_filter_that_cannot_be_asked(asked: Filter, said: str) -> None:
    for ask in (
        lambda: checked_query(Query(dataset="sessions", where=(asked,))),
        lambda: checked_query(Query(dataset="sessions", metrics=(Metric("m", where=(asked,)),))),
        lambda: checked_selection(Selection(dataset="sessions", where=(asked,))),
    ):
        with pytest.raises(QueryError, match=said):
            ask()


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
def test_a_page_has_a_bound(limit: int) -> None:
    with pytest.raises(QueryError, match=f"limit must be 1 to {MAX_PAGE}"):
        checked_selection(Selection(dataset="sessions", limit=limit))


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzFd", "WyJhIiwiYiJd", "WzFlMzAsImEiXQ", "ä"])
def test_a_cursor_comes_from_a_page(cursor: str) -> None:
    with pytest.raises(QueryError, match="cursor"):
        checked_selection(Selection(dataset="sessions", after=cursor))


def test_values_become_canonical() -> None:
    where = (
        Filter("source.ip", "eq", ("2001:DB8::0:1", "::ffff:10.0.0.1")),
        Filter("source.ip", "cidr", ("10.1.2.3/8",)),
        Filter("source.port", "eq", (25.0,)),
        Filter("@timestamp", "lt", ("2026-11-24T01:00:00+01:00",)),
    )
    checked = checked_query(Query(dataset="sessions", where=where, since=datetime(2026, 1, 1, tzinfo=UTC)))
    assert [one.values for one in checked.where] == [
        ("2001:db8::1", "10.0.0.1"),
        ("10.0.0.0/8",),
        (25,),
        ("2026-11-24T00:00:00.000000Z",),
    ]
    assert checked_query(checked) == checked
