"""Part of a bulk fails: every document has its fate, nothing is lost, nothing doubled (RELIABILITY: row 7)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import CREATED, EXISTS, Document, Fate, select_all
from ingest.store.query import Query, Selection
from tests.ingest.store.faulty_server import PASSING, Fault, FaultyServer

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def numbered(count: int, start: int = 0) -> list[Document]:
    times = (NOON + timedelta(milliseconds=n) for n in range(start, start + count))
    return [
        Document(dataset="sessions", id=f"n{n:06}", fields={"@timestamp": at, "source.port": n % 65_536, "smtp.helo": f"host{n}.example"})
        for n, at in enumerate(times, start)
    ]


@pytest.fixture
def faulty(elasticsearch_url: str) -> Iterator[FaultyServer]:
    server = FaultyServer(elasticsearch_url, seed=7)
    yield server
    server.close()


@pytest.fixture
def through(elastic: ElasticsearchStore, faulty: FaultyServer) -> Iterator[ElasticsearchStore]:
    """A store that reaches the node through the faulty server; ``elastic`` sees the same indices without faults."""
    store = ElasticsearchStore(replace(elastic.settings, hosts=(faulty.url,), batch_documents=50))
    yield store
    store.close()


def until_known(store: ElasticsearchStore, documents: list[Document], most: int = 200) -> tuple[list[Fate], int]:
    """What the drain does: the same documents again until their fates are known; fates and the failures on the way."""
    for failures in range(most):
        try:
            return store.create(documents), failures
        except StoreUnavailable:
            continue
    raise AssertionError("the store never answered")


def test_every_document_is_stored_once_whatever_fails(
    through: ElasticsearchStore, elastic: ElasticsearchStore, faulty: FaultyServer
) -> None:
    through.prepare()
    faulty.share = 0.35
    failures = 0
    for start in range(0, 2_000, 200):
        fates, failed = until_known(through, numbered(200, start))
        failures += failed
        assert {fate.outcome for fate in fates} <= {"created", "exists"}
    assert set(faulty.faults) == set(PASSING), "not every kind of fault was injected"
    assert failures >= sum(faulty.faults.values()) // 2
    faulty.share = 0.0
    assert set(until_known(through, numbered(2_000))[0]) == {EXISTS}
    elastic.refresh()
    found = [document.id for document in select_all(elastic, Selection(dataset="sessions", ascending=True, limit=1_000))]
    assert found == [document.id for document in numbered(2_000)]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fresh_batch_gets_through_after_one_fault(through: ElasticsearchStore, faulty: FaultyServer, fault: Fault) -> None:
    through.prepare()
    faulty.kinds, faulty.share = (fault,), 1.0
    with pytest.raises(StoreUnavailable):
        through.create(numbered(20))
    assert faulty.faults[fault] == 1
    faulty.share = 0.0
    fates = through.create(numbered(20))
    assert {fate.outcome for fate in fates} <= {"created", "exists"}
    assert through.aggregate(Query(dataset="sessions")) == [{"count": 20}]


def test_what_was_created_before_a_fault_is_not_called_known_afterwards(through: ElasticsearchStore, faulty: FaultyServer) -> None:
    through.prepare()
    faulty.kinds, faulty.share = ("items_429",), 1.0
    with pytest.raises(StoreUnavailable, match="429 es_rejected_execution_exception"):
        through.create(numbered(40))
    faulty.share = 0.0
    assert through.create(numbered(40)) == [CREATED] * 40
    assert through.create(numbered(40)) == [EXISTS] * 40


def test_a_request_that_is_too_large_is_halved(through: ElasticsearchStore, faulty: FaultyServer) -> None:
    through.prepare()
    faulty.most_bytes = 2_000
    large = Document(dataset="sessions", id="large", fields={"@timestamp": NOON, "smtp.banner": "x" * 3_000})
    fates = through.create([*numbered(30), large, *numbered(10, 30)])
    assert fates[30].outcome == "rejected"
    assert fates[30].reason.startswith("too_large: ")
    assert fates[:30] + fates[31:] == [CREATED] * 40
    assert faulty.faults["too_large_413"] > 3


def test_a_mapping_that_refuses_a_document_is_told_with_its_reason(elastic: ElasticsearchStore) -> None:
    """An index whose mapping is not ours, as an old release or a hand may leave it."""
    index = f"{elastic.settings.prefix}-sessions-2026.11"
    elastic._client.indices.create(index=index, mappings={"properties": {"smtp": {"properties": {"banner": {"type": "long"}}}}})
    elastic.prepare()
    assert "smtp.banner" in elastic.contradicting[index]
    bad = [Document(dataset="sessions", id=f"b{n}", fields={"@timestamp": NOON, "smtp.banner": "no number"}) for n in range(2)]
    fates = elastic.create([*numbered(3), *bad, bad[0]])
    assert fates[:3] == [CREATED] * 3
    assert [fate.outcome for fate in fates[3:]] == ["rejected"] * 3
    assert fates[3].reason.startswith("refused_by_store: document_parsing_exception: ")
    assert elastic.aggregate(Query(dataset="sessions")) == [{"count": 3}]


def test_missing_rights_are_loud_and_final_for_nobody(through: ElasticsearchStore, faulty: FaultyServer) -> None:
    through.prepare()
    faulty.kinds, faulty.share = ("refused_401",), 1.0
    with pytest.raises(StoreUnavailable, match="an operator must act"):
        through.create(numbered(3))
    faulty.share = 0.0
    assert through.create(numbered(3)) == [CREATED] * 3


def test_a_server_that_hangs_is_left_in_time(elastic: ElasticsearchStore, faulty: FaultyServer) -> None:
    store = ElasticsearchStore(replace(elastic.settings, hosts=(faulty.url,), request_timeout=3.0))
    store.prepare()
    faulty.kinds, faulty.share = ("hangs",), 1.0
    with pytest.raises(StoreUnavailable, match="does not answer"):
        store.create(numbered(3))
    faulty.share = 0.0
    faulty.released.set()
    assert store.create(numbered(3)) == [CREATED] * 3
    store.close()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        store = ElasticsearchStore(ElasticsearchSettings(hosts=(f"http://somebody:hidden@127.0.0.1:{port}",)))
        for ask in (store.prepare, store.refresh):
            with pytest.raises(StoreUnavailable, match=f"Elasticsearch at http://127.0.0.1:{port} does not answer") as caught:
                ask()
            assert "hidden" not in str(caught.value)
        with pytest.raises(StoreUnavailable):
            store.create(numbered(1))
        with pytest.raises(StoreUnavailable):
            store.aggregate(Query(dataset="sessions"))
        with pytest.raises(StoreUnavailable):
            store.get("sessions", "x")
        store.close()
