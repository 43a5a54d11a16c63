from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from ingest.incidents.model import Incident, evidence_keys, evidence_selection
from ingest.store.query import Filter
from ingest.store.schema import INCIDENTS
from tests.ingest.incidents.conftest import AnyStore

FIRST, LAST = datetime(2026, 11, 1, 8, 0, 0, 5000, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
INCIDENT = Incident(
    id="4f",
    rule="starttls_stripped",
    severity="high",
    scope="country",
    subject="TN",
    summary="STARTTLS was masked.",
    country="TN",
    affected=12,
    total=15,
    share=0.8,
    lower=0.54,
    upper=0.93,
    first_seen=FIRST,
    last_seen=LAST,
    window_begin=datetime(2026, 11, 1, tzinfo=UTC),
    window_end=datetime(2026, 12, 1, tzinfo=UTC),
    evidence=({"dataset": "sessions", "id": "1"},),
    keys=evidence_keys("sessions", {"far_end.geo.country_iso_code": ("TN",), "smtp.ehlo": (True,)}, FIRST, LAST),
    sources=("wire", "tlsrpt"),
    agreement="wire_and_reports",
    updated=LAST,
)


def test_every_field_is_the_schema_s_and_none_is_forgotten() -> None:
    whole = msgspec.structs.replace(INCIDENT, kind="a kind", path="a path", direction="inbound", tenant="us")
    assert set(whole.to_document().fields) == {field.name for field in INCIDENTS.fields}
    assert "path" not in INCIDENT.to_document().fields


def test_an_incident_comes_back_from_a_store_as_it_went(store: AnyStore) -> None:
    store.put([INCIDENT.to_document()])
    found = store.get("incidents", "4f")
    assert found is not None and Incident.from_document(found) == INCIDENT
    assert found.time == LAST


def test_putting_again_replaces_also_when_it_has_grown(store: AnyStore) -> None:
    grown = msgspec.structs.replace(INCIDENT, affected=13, last_seen=datetime(2026, 11, 30, tzinfo=UTC), state="closed")
    store.put([INCIDENT.to_document()])
    store.put([grown.to_document()])
    found = store.get("incidents", "4f")
    assert found is not None and Incident.from_document(found) == grown


def test_keys_are_a_selection() -> None:
    selection = evidence_selection(INCIDENT, limit=10)
    assert (selection.dataset, selection.since, selection.limit) == ("sessions", FIRST, 10)
    assert selection.until is not None and selection.until > LAST
    assert selection.where == (Filter("far_end.geo.country_iso_code", "eq", ("TN",)), Filter("smtp.ehlo", "eq", (True,)))


def test_withdrawn_is_nothing_affected() -> None:
    assert not INCIDENT.withdrawn and msgspec.structs.replace(INCIDENT, affected=0).withdrawn
