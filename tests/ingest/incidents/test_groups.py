from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.incidents.groups import IN_ONE_QUERY, TIMES, grouped, grouped_by_lot, is_
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.errors import TooManyGroups
from ingest.store.protocol import Document, Page
from ingest.store.query import Metric, Query, Row, Selection

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=30)


class Narrow:
    """A real store with a smaller limit of groups, and a count of what it was asked."""

    def __init__(self, store: DuckStore, most: int) -> None:
        self.store, self.most, self.asked = store, most, 0

    def aggregate(self, query: Query) -> list[Row]:
        self.asked += 1
        rows = self.store.aggregate(query)
        if len(rows) > self.most:
            raise TooManyGroups("too many")
        return rows

    def select(self, selection: Selection) -> Page:
        return self.store.select(selection)

    def get(self, dataset: str, id: str) -> Document | None:
        return self.store.get(dataset, id)


@pytest.fixture
def busy(duck: DuckStore) -> Iterator[DuckStore]:
    """A session every hour for 20 days, from 60 clients in turn."""

    def fields(n: int) -> dict[str, Any]:
        return {"@timestamp": START + n * timedelta(hours=1), "source.ip": f"192.0.2.{n % 60}", "source.bytes": n}

    duck.create([Document(dataset="sessions", id=str(n), fields=fields(n)) for n in range(480)])
    yield duck


METRICS = (*TIMES, Metric("bytes", "sum", "source.bytes"), Metric("most", "max", "source.bytes", (is_("source.ip", "192.0.2.7"),)))


@pytest.mark.parametrize("interval", [None, "day"])
def test_halves_put_together_are_the_whole(busy: DuckStore, interval: Any) -> None:
    query = Query(dataset="sessions", since=START, until=END, group_by=("source.ip",), interval=interval, metrics=METRICS)
    narrow = Narrow(busy, 59)
    keys = ("@timestamp", "source.ip") if interval else ("source.ip",)

    def by_key(rows: list[Row]) -> dict[Any, Row]:
        return {tuple(row[key] for key in keys): row for row in rows}

    assert by_key(grouped(narrow, query)) == by_key(busy.aggregate(query))
    assert narrow.asked > 1


def test_more_groups_than_a_minute_can_hold_are_an_error(busy: DuckStore) -> None:
    with pytest.raises(TooManyGroups):
        grouped(Narrow(busy, 0), Query(dataset="sessions", since=START, until=END, group_by=("source.ip",)))
    with pytest.raises(TooManyGroups):
        grouped(Narrow(busy, 5), Query(dataset="sessions", group_by=("source.ip",)))


def test_distinct_figures_are_never_put_together(busy: DuckStore) -> None:
    query = Query(dataset="sessions", since=START, until=END, group_by=("source.ip",), metrics=(Metric("n", "distinct", "source.bytes"),))
    with pytest.raises(ValueError, match="distinct"):
        grouped(Narrow(busy, 59), query)


def test_lots_ask_for_every_value_once(busy: DuckStore) -> None:
    narrow = Narrow(busy, 10_000)
    values = [f"192.0.2.{n}" for n in range(60)] + [f"10.0.{n // 250}.{n % 250}" for n in range(2 * IN_ONE_QUERY)]
    rows = grouped_by_lot(narrow, Query(dataset="sessions", since=START, until=END, group_by=("source.ip",)), "source.ip", values * 2)
    assert sorted(row["count"] for row in rows) == [8] * 60
    assert narrow.asked == 3
