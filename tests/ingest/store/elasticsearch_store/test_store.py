"""What only the Elasticsearch store promises: its indices, templates, readers in other processes."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.store.elasticsearch_store import aggregate
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.elasticsearch_store.templates import component_templates
from ingest.store.errors import TooManyGroups
from ingest.store.protocol import CREATED, EXISTS, Document
from ingest.store.query import Metric, Query
from ingest.store.schema import SESSIONS, Dataset
from tests.conftest import delete_prefix, indices_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def document(id: str, at: datetime = NOON, dataset: str = "sessions", **fields: Any) -> Document:
    return Document(dataset=dataset, id=id, fields={"@timestamp": at, **fields})


def mapping(url: str, index: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/{index}/_mapping", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)[index]["mappings"]
        return found


@contextmanager
def _template_of(store: ElasticsearchStore, dataset: Dataset) -> Iterator[None]:
    """For a while, the component template that a release with this dataset would have put."""
    [(name, body)] = [item for item in component_templates(store.settings, [dataset]).items() if item[0].endswith("-mapping")]
    store._client.cluster.put_component_template(name=name, **body)
    yield
    [(name, body)] = [item for item in component_templates(store.settings, [SESSIONS]).items() if item[0].endswith("-mapping")]
    store._client.cluster.put_component_template(name=name, **body)


def test_a_document_lies_in_the_month_of_its_own_time(elastic: ElasticsearchStore, elasticsearch_url: str) -> None:
    times = [
        NOON,
        datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 1, 1, tzinfo=UTC),
    ]
    elastic.create([document(f"d{n}", at) for n, at in enumerate(times)])
    elastic.put([document("i", dataset="incidents")])
    prefix = elastic.settings.prefix
    expected = {f"{prefix}-sessions-{month}" for month in ("2026.11", "2026.12", "early", "late")} | {f"{prefix}-incidents"}
    assert set(indices_of(elasticsearch_url, prefix)) == expected


def test_the_mapping_is_the_schema_and_guesses_nothing(elastic: ElasticsearchStore, elasticsearch_url: str) -> None:
    elastic.create([document("d", **{"source.ip": "192.0.2.1", "smtp.evidence": [{"a": 1}, "mixed"]})])
    found = mapping(elasticsearch_url, f"{elastic.settings.prefix}-sessions-2026.11")
    assert found["dynamic"] == "strict"
    assert found["properties"]["source"]["properties"]["ip"] == {"type": "ip"}
    assert found["properties"]["smtp"]["properties"]["evidence"] == {"type": "object", "enabled": False}
    assert found["properties"]["@timestamp"]["type"] == "date"


def test_templates_that_were_lost_come_back_before_the_next_index(
    elasticsearch_prefix: str, elastic: ElasticsearchStore, elasticsearch_url: str
) -> None:
    store = ElasticsearchStore(replace(elastic.settings, prefix=elasticsearch_prefix))
    store.create([document("a")])
    delete_prefix(elasticsearch_url, elasticsearch_prefix)
    assert store.create([document("b", NOON + timedelta(days=31))]) == [CREATED]
    found = mapping(elasticsearch_url, f"{elasticsearch_prefix}-sessions-2026.12")
    assert found["dynamic"] == "strict"
    store.close()


def test_an_index_of_an_older_release_gains_the_new_fields(elastic: ElasticsearchStore, elasticsearch_url: str) -> None:
    index = f"{elastic.settings.prefix}-sessions-2026.11"
    older = replace(SESSIONS, fields=tuple(field for field in SESSIONS.fields if field.name not in ("smtp.helo", "event.ingested")))
    with _template_of(elastic, older):
        elastic._client.indices.create(index=index)
    assert "helo" not in mapping(elasticsearch_url, index)["properties"].get("smtp", {}).get("properties", {})
    elastic.prepare()
    assert elastic.create([document("d", **{"smtp.helo": "x", "event.ingested": NOON})]) == [CREATED]
    assert index not in elastic.contradicting


def test_another_process_sees_what_is_there_without_a_refresh_of_ids(elastic: ElasticsearchStore) -> None:
    other = ElasticsearchStore(elastic.settings)
    assert elastic.create([document("d", **{"smtp.helo": "x"})]) == [CREATED]
    assert other.create([document("d")]) == [EXISTS]
    found = other.get("sessions", "d")
    assert found is not None
    assert found.fields["smtp.helo"] == "x"
    elastic.refresh()
    assert other.aggregate(Query(dataset="sessions")) == [{"count": 1}]
    other.close()


def test_a_bulk_is_cut_by_documents_and_bytes(elastic: ElasticsearchStore) -> None:
    small = ElasticsearchStore(replace(elastic.settings, batch_documents=7, batch_bytes=900))
    assert small.create([document(f"d{n}", **{"smtp.helo": "x" * n}) for n in range(50)]) == [CREATED] * 50
    assert small.aggregate(Query(dataset="sessions")) == [{"count": 50}]
    small.close()


def test_distinct_values_are_exact_until_there_are_too_many(elastic: ElasticsearchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    elastic.create([document(f"d{n}", **{"smtp.helo": f"host{n}", "smtp.verdict": "tls" if n % 2 else "incomplete"}) for n in range(3_000)])
    query = Query(dataset="sessions", group_by=("smtp.verdict",), metrics=(Metric("hosts", "distinct", "smtp.helo"),))
    exact = [{"smtp.verdict": "incomplete", "hosts": 1_500}, {"smtp.verdict": "tls", "hosts": 1_500}]
    monkeypatch.setattr(aggregate, "_VALUES_A_PAGE", 700)
    assert elastic.aggregate(query) == exact
    monkeypatch.setattr(aggregate, "MAX_ENUMERATED", 100)
    estimated = elastic.aggregate(query)
    assert all(abs(row["hosts"] - 1_500) < 30 for row in estimated)


def test_an_answer_is_never_cut_silently(elastic: ElasticsearchStore, monkeypatch: pytest.MonkeyPatch) -> None:
    elastic.create([document(f"d{n}", **{"source.port": n}) for n in range(300)])
    query = Query(dataset="sessions", group_by=("source.port",), limit=3)
    monkeypatch.setattr(aggregate, "_GROUPS_A_PAGE", 40)
    assert len(elastic.aggregate(query)) == 3
    monkeypatch.setattr(aggregate, "MAX_GROUPS", 299)
    with pytest.raises(TooManyGroups):
        elastic.aggregate(query)
