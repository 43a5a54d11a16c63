"""Sessions that another program's log told of: they neither accuse nor acquit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document
from ingest.store.schema import FROM_LOG
from tests.ingest.incidents.conftest import NOW, fill, settle
from tests.ingest.incidents.test_agreement import changed

PATH = "berlin: AS1 → 192.0.2.25 (AS2)"


def sessions(verdict: str, count: int, **fields: object) -> list[Document]:
    common = {"smtp.verdict": verdict, "network.path": PATH, "source.ip": "203.0.113.9", "destination.ip": "192.0.2.25"}
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return [
        Document(
            dataset="sessions",
            id=f"{verdict}-{len(fields)}-{number}",
            fields={**common, **named, "@timestamp": NOW - timedelta(hours=2, seconds=number)},
        )
        for number in range(count)
    ]


def test_they_do_not_thin_out_a_stripped_path(duck: DuckStore) -> None:
    fill(duck, [*sessions("stripped_offer", 10), *sessions("tls", 500, smtp__evidence_words=[FROM_LOG])])
    (incident,) = settle(duck)
    assert (incident.rule, incident.affected, incident.total) == ("starttls_stripped", 10, 10)


def test_a_log_alone_raises_nothing(duck: DuckStore) -> None:
    words = {"smtp__evidence_words": [FROM_LOG]}
    starttls = sessions("tls", 200, smtp__starttls__requested=True, tls__established=True, tls__version="1.2", **words)
    clear = sessions("incomplete", 200, smtp__mail_in_clear=True, **words)
    fill(duck, [*starttls, *clear])
    assert settle(duck) == []


@pytest.mark.parametrize(("words", "said"), [(None, "and no sign of it"), ([FROM_LOG], "No tap watched in this time")])
def test_a_log_that_could_show_no_sign_is_no_tap_that_saw_none(duck: DuckStore, words: list[str] | None, said: str) -> None:
    fill(duck, [*changed(1, smtp__evidence_words=words), *changed(3), *changed(4)])
    summaries = [incident.summary for incident in settle(duck)]
    assert summaries and all(said in summary for summary in summaries)
