from __future__ import annotations

from pathlib import Path

import pytest

from dashboards import filters, timerange
from dashboards.lens import Lens
from dashboards.pages.encryption import encryption
from dashboards.questions.sessions import shares
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document
from ingest.store.schema import FROM_LOG
from tests.dashboards.filler import NOW

LENS = Lens("/", timerange.last("7d", NOW), filters.read(()), NOW, True)


@pytest.fixture
def store(tmp_path: Path) -> DuckStore:
    """Two sessions of a sensor, one of them in clear, and three of a log, which has no word for the like."""
    store = DuckStore(tmp_path / "store.duckdb")
    store.prepare()
    verdicts = [("tls", None), ("cleartext_offered", None), ("tls", FROM_LOG), ("incomplete", FROM_LOG), ("tls_failed", FROM_LOG)]
    store.create([session(str(place), verdict, word) for place, (verdict, word) in enumerate(verdicts)])
    return store


def session(id: str, verdict: str, word: str | None) -> Document:
    fields = {"@timestamp": NOW.replace(hour=0), "smtp.verdict": verdict, "tls.version": "1.0", "tls.established": verdict == "tls"}
    return Document(dataset="sessions", id=id, fields=fields | ({"smtp.evidence_words": [word]} if word else {}))


def test_sessions_from_logs_count_in_no_share(store: DuckStore) -> None:
    (row,) = store.aggregate(shares(LENS))
    assert row == {"sessions": 5, "decided": 2, "stripped": 0, "encrypted": 1, "never_asked": 1}


def test_nor_in_what_a_demand_would_cost(store: DuckStore) -> None:
    view = encryption(store, LENS)
    assert [(demand.share.affected, demand.share.total) for demand in view.demands[:2]] == [(1, 2), (2, 2)]


def test_but_among_the_versions_seen(store: DuckStore) -> None:
    assert sum(row["count"] for row in encryption(store, LENS).versions) == 2
