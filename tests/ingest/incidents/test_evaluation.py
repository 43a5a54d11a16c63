from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.incidents.evaluation import WITHDRAWN
from ingest.incidents.model import Incident, evidence_selection
from ingest.incidents.states import StateBook, set_state
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document, select_all
from tests.ingest.incidents.conftest import AnyStore, documents_of, fill, repeated, settle, stored

GOLDEN = Path(__file__).parents[2] / "golden" / "incidents"
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/documents.ndjson"))
FIRING = [case for case in CASES if not case.name.startswith("silent_")]
REQUIRED = ("starttls_stripped", "offer_removed", "starttls_not_requested", "tlsrpt_failures")
A_CLIENT = GOLDEN / "starttls_not_requested" / "a_client" / "documents.ndjson"
AGREEING = GOLDEN / "starttls_stripped" / "tap_and_reports_agree" / "documents.ndjson"


def shown(incident: Incident, wanted: dict[str, Any]) -> dict[str, Any]:
    fields = msgspec.to_builtins(incident)
    return {name: fields[name] for name in wanted}


def live(store: AnyStore) -> list[Incident]:
    """What stands, without when it was judged."""
    return [msgspec.structs.replace(incident, updated=incident.window_begin) for incident in stored(store) if not incident.withdrawn]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_golden(case: Path, store: AnyStore) -> None:
    expected = json.loads((case / "expected.json").read_text())
    fill(store, documents_of(case / "documents.ndjson"))
    found = sorted(settle(store), key=lambda incident: (incident.rule, incident.scope, incident.subject))
    assert [shown(incident, wanted) for incident, wanted in zip(found, expected, strict=True)] == expected
    assert [incident.rule for incident in found if case.name.startswith("silent")] == []


@pytest.mark.parametrize("rule", REQUIRED)
def test_every_required_rule_has_cases_that_fire_and_three_that_stay_silent(rule: str) -> None:
    names = [case.name for case in CASES if case.parent.name == rule]
    silent = [name for name in names if name.startswith("silent_")]
    assert len(silent) >= 3 and len(names) > len(silent)


@pytest.mark.parametrize("case", FIRING, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_keys_list_all_the_evidence(case: Path, store: AnyStore) -> None:
    fill(store, documents_of(case / "documents.ndjson"))
    for incident in settle(store):
        found = list(select_all(store, evidence_selection(incident, limit=7)))
        assert [{"dataset": d.dataset, "id": d.id} for d in found[:50]] == list(incident.evidence)
        count = sum(d.fields.get("tlsrpt.failed_session_count", d.fields.get("dmarc.count", 1)) for d in found)
        assert count == incident.affected


def test_evaluating_twice_changes_nothing(store: AnyStore) -> None:
    fill(store, documents_of(AGREEING))
    first = settle(store)
    assert len(first) == 4
    assert settle(store, now=first[0].updated + timedelta(days=1)) == []
    assert live(store) == [msgspec.structs.replace(i, updated=i.window_begin) for i in sorted(first, key=lambda i: i.id)]


def test_an_empty_store_has_no_incidents(store: AnyStore) -> None:
    assert settle(store) == []


def test_more_of_the_same_grows_one_incident(duck: DuckStore) -> None:
    lines = [msgspec.json.decode(line) for line in AGREEING.read_text().splitlines()]
    masked = lines[0]
    fill(duck, repeated(**masked))
    first = {incident.id: incident for incident in settle(duck)}
    later = {**masked, "id": "later", "fields": {**masked["fields"], "@timestamp": "2026-11-20T08:00:00+00:00"}}
    fill(duck, repeated(**later))
    grown = {incident.id: incident for incident in settle(duck)}
    assert grown.keys() == first.keys()
    assert {i.affected for i in first.values()} == {12} and {i.affected for i in grown.values()} == {24}
    assert all(i.first_seen == first[i.id].first_seen and i.last_seen > first[i.id].last_seen for i in grown.values())


def test_a_condition_that_ceases_leaves_its_incident(duck: DuckStore) -> None:
    fill(duck, documents_of(A_CLIENT))
    (incident,) = settle(duck)
    again = msgspec.json.decode(A_CLIENT.read_text().splitlines()[0])
    again = {**again, "id": "again", "fields": {**again["fields"], "@timestamp": "2026-11-20T00:00:00+00:00"}}
    fill(duck, repeated(**again))
    assert settle(duck) == []
    assert [found.id for found in live(duck)] == [incident.id]


def test_late_documents_withdraw_what_they_disprove(duck: DuckStore) -> None:
    fill(duck, documents_of(A_CLIENT))
    (incident,) = settle(duck)
    asking = msgspec.json.decode(A_CLIENT.read_text().splitlines()[0])
    late = {**asking, "id": "late", "count": 60, "step": 60, "fields": {**asking["fields"], "@timestamp": "2026-11-05T00:30:00+00:00"}}
    fill(duck, repeated(**late))
    (withdrawn,) = settle(duck)
    assert withdrawn.id == incident.id and withdrawn.withdrawn and withdrawn.severity == "low"
    assert withdrawn.summary == f"{WITHDRAWN} {incident.summary}"
    assert settle(duck) == []


def test_states_outlive_evaluation_and_a_rebuilt_store(tmp_path: Path) -> None:
    book = StateBook(tmp_path / "states.jsonl")
    documents = documents_of(AGREEING)
    at = datetime(2026, 11, 12, tzinfo=UTC)
    first = DuckStore(tmp_path / "first.duckdb", threads=1)
    fill(first, documents)
    chosen = settle(first, states=book)[0].id
    set_state(first, book, chosen, "acknowledged", at, "alice")
    assert settle(first, states=book) == []
    first.close()
    rebuilt = DuckStore(tmp_path / "rebuilt.duckdb", threads=1)
    fill(rebuilt, documents)
    settle(rebuilt, states=StateBook(book.path))
    assert {incident.id: incident.state for incident in stored(rebuilt) if incident.state != "open"} == {chosen: "acknowledged"}
    rebuilt.close()


def test_a_stored_state_stays_without_a_book(duck: DuckStore, tmp_path: Path) -> None:
    documents = documents_of(AGREEING)
    fill(duck, documents[:12])
    chosen = settle(duck)[0].id
    set_state(duck, StateBook(tmp_path / "states.jsonl"), chosen, "closed", datetime(2026, 11, 12, tzinfo=UTC), "alice")
    fill(duck, documents[12:])
    settle(duck)
    assert {incident.state for incident in stored(duck) if incident.id == chosen} == {"closed"}


def test_tenants_are_never_mixed(duck: DuckStore) -> None:
    def owned(document: Document, n: int) -> Document:
        return Document(dataset=document.dataset, id=document.id, fields={**document.fields, "tenant": f"t{n % 2}"})

    fill(duck, [owned(document, n) for n, document in enumerate(documents_of(A_CLIENT))])
    assert settle(duck) == [], "27 sessions are enough for one, 13 and 14 are not for two"


def test_old_data_imported_today_is_judged(duck: DuckStore) -> None:
    fill(duck, documents_of(AGREEING))
    span = (datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC))
    assert settle(duck, spans={"sessions": (datetime(2027, 3, 5, tzinfo=UTC), datetime(2027, 3, 6, tzinfo=UTC))}) == []
    assert len(settle(duck, now=datetime(2029, 1, 1, tzinfo=UTC), spans={"sessions": span})) == 4


def test_memory_that_arrives_late_reaches_the_windows_it_bears_on(duck: DuckStore) -> None:
    documents = documents_of(GOLDEN / "starttls_not_requested" / "remembered_from_last_month" / "documents.ndjson")
    fill(duck, documents[30:])
    assert settle(duck) == []
    fill(duck, documents[:30])
    assert len(settle(duck, spans={"sessions": (documents[0].time, documents[29].time)})) == 1


POOL = [
    document
    for case in (
        "starttls_stripped/tap_and_reports_agree",
        "starttls_not_requested/a_client",
        "offer_removed/over_the_month_s_end",
        "certificate_changed/reports_agree",
        "policy_violated/in_clear_against_mta_sts",
        "mx_spoofed/most_of_many",
        "spoofing/above_its_baseline",
        "weak_tls/export_strength",
    )
    for document in (
        Document(dataset=d.dataset, id=f"{case}-{d.id}", fields=d.fields) for d in documents_of(GOLDEN / case / "documents.ndjson")
    )
]


def in_batches(documents: Sequence[Document], cuts: Sequence[int]) -> list[Sequence[Document]]:
    edges = [0, *sorted(cuts), len(documents)]
    return [documents[a:b] for a, b in pairwise(edges) if a < b]


def spans_of(documents: Sequence[Document]) -> dict[str, tuple[datetime, datetime]]:
    times = {name: [d.time for d in documents if d.dataset == name] for name in {d.dataset for d in documents}}
    return {name: (min(found), max(found)) for name, found in times.items()}


@cache
def at_once() -> list[Incident]:
    """What the pool comes to, judged whole."""
    with tempfile.TemporaryDirectory() as folder:
        store = DuckStore(Path(folder) / "whole.duckdb", threads=1)
        fill(store, POOL)
        settle(store)
        found = live(store)
        store.close()
    return found


@settings(max_examples=6, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, len(POOL)), max_size=3))
def test_order_and_batches_do_not_change_incidents(rng: Any, cuts: list[int]) -> None:
    shuffled = list(POOL)
    rng.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        store = DuckStore(Path(folder) / "piecewise.duckdb", threads=1)
        for batch in in_batches(shuffled, cuts):
            fill(store, batch)
            settle(store, spans=spans_of(batch))
        found = live(store)
        store.close()
    assert found == at_once() != []
