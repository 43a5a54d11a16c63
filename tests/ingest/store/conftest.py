"""Both stores, empty, for the tests that hold on each of them."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.protocol import Document
from tests.conftest import delete_prefix, indices_of

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
FULL_DATES = {"tls__server__not_after": datetime(1, 1, 1, tzinfo=UTC)}
AnyStore = DuckStore | ElasticsearchStore


def session(id: str, *, at: datetime = NOON, **fields: Any) -> Document:
    """A document of ``sessions``; ``__`` in a name stands for a dot."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return Document(dataset="sessions", id=id, fields={"@timestamp": at, **named})


def sessions(count: int, *, start: datetime = NOON, step: timedelta = timedelta(seconds=1)) -> list[Document]:
    return [session(f"s{n:05}", at=start + n * step) for n in range(count)]


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[DuckStore]:
    store = DuckStore(tmp_path / "store.duckdb", memory_limit="512MB", threads=1)
    yield store
    store.close()


@pytest.fixture(scope="module")
def prepared_elastic(elasticsearch_url: str) -> Iterator[ElasticsearchStore]:
    """One prefix and its templates for a test file."""
    prefix = f"test-{uuid.uuid4().hex[:10]}"
    store = ElasticsearchStore(ElasticsearchSettings(hosts=(elasticsearch_url,), prefix=prefix))
    store.prepare()
    yield store
    store.close()
    delete_prefix(elasticsearch_url, prefix)


@pytest.fixture
def elastic(prepared_elastic: ElasticsearchStore, elasticsearch_url: str) -> Iterator[ElasticsearchStore]:
    """A store with no index yet."""
    yield prepared_elastic
    delete_indices(elasticsearch_url, prepared_elastic.settings.prefix)


def delete_indices(url: str, prefix: str) -> None:
    for name in indices_of(url, prefix):
        urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="DELETE"), timeout=60).close()


@pytest.fixture(params=["duckdb", pytest.param("elasticsearch", marks=[pytest.mark.elasticsearch, pytest.mark.timeout(300)])])
def store(request: pytest.FixtureRequest) -> AnyStore:
    """Each store in turn, empty."""
    chosen: AnyStore = request.getfixturevalue("duck" if request.param == "duckdb" else "elastic")
    return chosen
