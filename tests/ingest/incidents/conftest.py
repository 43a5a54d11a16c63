"""Stores to judge on, and documents written shortly."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.incidents.evaluation import evaluate
from ingest.incidents.model import Incident
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.protocol import Document, select_all
from ingest.store.query import Selection
from tests.conftest import delete_prefix, indices_of

AnyStore = DuckStore | ElasticsearchStore
NOW = datetime(2026, 11, 30, tzinfo=UTC)
STEP = timedelta(minutes=5)


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[DuckStore]:
    store = DuckStore(tmp_path / "store.duckdb", memory_limit="512MB", threads=1)
    yield store
    store.close()


@pytest.fixture(scope="module")
def prepared_elastic(elasticsearch_url: str) -> Iterator[ElasticsearchStore]:
    prefix = f"test-{uuid.uuid4().hex[:10]}"
    store = ElasticsearchStore(ElasticsearchSettings(hosts=(elasticsearch_url,), prefix=prefix))
    store.prepare()
    yield store
    store.close()
    delete_prefix(elasticsearch_url, prefix)


@pytest.fixture
def elastic(prepared_elastic: ElasticsearchStore, elasticsearch_url: str) -> Iterator[ElasticsearchStore]:
    yield prepared_elastic
    for name in indices_of(elasticsearch_url, prepared_elastic.settings.prefix):
        urllib.request.urlopen(urllib.request.Request(f"{elasticsearch_url}/{name}", method="DELETE"), timeout=60).close()


@pytest.fixture(params=["duckdb", pytest.param("elasticsearch", marks=[pytest.mark.elasticsearch, pytest.mark.timeout(300)])])
def store(request: pytest.FixtureRequest) -> AnyStore:
    """Each store in turn, empty."""
    found: AnyStore = request.getfixturevalue("duck" if request.param == "duckdb" else "elastic")
    return found


def settle(store: AnyStore, **options: Any) -> list[Incident]:
    """Evaluate and put, as the drain does."""
    found = evaluate(store, **{"now": NOW, **options})
    store.put([incident.to_document() for incident in found])
    store.refresh()
    return found


def fill(store: AnyStore, documents: Iterable[Document]) -> None:
    store.create(list(documents))
    store.refresh()


def stored(store: AnyStore) -> list[Incident]:
    """All incidents in the store, by id."""
    found = select_all(store, Selection(dataset="incidents", limit=1_000))
    return sorted((Incident.from_document(document) for document in found), key=lambda incident: incident.id)


def documents_of(path: Path) -> list[Document]:
    """Documents written shortly, one line a kind: ``{"dataset", "id", "count", "step", "fields"}``. A line stands for
    ``count`` documents (default 1), ``step`` minutes apart (default 5), ids ``id``-0, ``id``-1 …"""
    return [document for line in path.read_text().splitlines() if line for document in repeated(**json.loads(line))]


def repeated(dataset: str, id: str, fields: dict[str, Any], count: int = 1, step: float = 5) -> list[Document]:
    begin = datetime.fromisoformat(fields["@timestamp"])
    dates = {name: datetime.fromisoformat(fields[name]) for name in ("report.begin", "report.end") if name in fields}
    return [
        Document(dataset=dataset, id=f"{id}-{n}", fields={**fields, **dates, "@timestamp": begin + n * timedelta(minutes=step)})
        for n in range(count)
    ]
