"""The same question gives the same answer on both stores: thousands of generated questions over generated documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ingest.store.check import group_keys
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.protocol import CREATED, Document, select_all
from ingest.store.query import Query, Row, Selection
from ingest.store.schema import DATASETS

from .questions import documents, queries, selections

NAMES = ("sessions", "dmarc", "incidents", "arrivals")
EACH = 120
Pair = tuple[DuckStore, ElasticsearchStore]


def corpus(number: int) -> list[Document]:
    """The same documents for the same number."""
    made: list[Document] = []

    @seed(number)
    @settings(max_examples=EACH, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.tuples(*(documents(DATASETS[name], "-") for name in NAMES)))
    def make(drawn: tuple[Document, ...]) -> None:
        made.extend(Document(dataset=one.dataset, id=f"d{len(made) + place}", fields=one.fields) for place, one in enumerate(drawn))

    make()
    return made


@pytest.fixture(scope="module")
def pair(prepared_elastic: ElasticsearchStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both stores with the same documents."""
    yield from _filled(prepared_elastic, tmp_path_factory.mktemp("pair"), 1)


def _filled(elastic: ElasticsearchStore, folder: Path, number: int) -> Iterator[Pair]:
    duck = DuckStore(folder / "store.duckdb", memory_limit="512MB", threads=1)
    made = corpus(number)
    assert len(made) >= EACH
    for store in (duck, elastic):
        assert set(store.create(made)) == {CREATED}
    yield duck, elastic
    duck.close()


def same_rows(query: Query, left: list[Row], right: list[Row]) -> None:
    assert len(left) == len(right)
    for one, other in zip(left, right, strict=True):
        assert list(one) == list(other)
        for name in group_keys(query):
            assert one[name] == other[name], (name, one, other)
        for metric in query.metrics:
            figures = one[metric.name], other[metric.name]
            assert type(figures[0]) is type(figures[1]), (metric, figures)
            if metric.kind == "sum":
                # Elasticsearch adds in doubles: beyond 2**53 the last digits go, and huge terms may cancel.
                assert math.isclose(*figures, rel_tol=1e-12, abs_tol=_cancelled(figures)), (metric, figures)
            else:
                assert figures[0] == figures[1], (metric, figures)


def _cancelled(figures: tuple[Any, Any]) -> float:
    """What terms of the generated extremes (2**53, 1.7e300) may leave when they cancel."""
    return 64.0 if isinstance(figures[0], int) else 1e288


def check_query(pair: Pair, query: Query) -> None:
    same_rows(query, pair[0].aggregate(query), pair[1].aggregate(query))


def check_selection(pair: Pair, selection: Selection) -> None:
    assert list(select_all(pair[0], selection)) == list(select_all(pair[1], selection))


def _moderate(examples: int) -> Callable[[Any], Any]:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@_moderate(300)
@given(query=queries(NAMES))
def test_aggregates_are_the_same(pair: Pair, query: Query) -> None:
    check_query(pair, query)


@_moderate(60)
@given(selection=selections(NAMES))
def test_selections_are_the_same(pair: Pair, selection: Selection) -> None:
    check_selection(pair, selection)


def test_documents_are_the_same(pair: Pair) -> None:
    for name in NAMES:
        found = list(select_all(pair[0], Selection(dataset=name, limit=500)))
        assert found == list(select_all(pair[1], Selection(dataset=name, limit=77)))
        assert len(found) >= EACH
        for document in found[:10]:
            assert pair[0].get(name, document.id) == pair[1].get(name, document.id) == document


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=queries(NAMES), selection=selections(NAMES))
def test_thousands_of_answers_are_the_same(pair: Pair, query: Query, selection: Selection) -> None:
    check_query(pair, query)
    check_selection(pair, selection)
