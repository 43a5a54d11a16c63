from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from ingest.incidents.model import Incident
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document
from tests.ingest.incidents.conftest import fill, repeated, settle
from tests.ingest.incidents.test_evaluation import AGREEING

LINES = [msgspec.json.decode(line) for line in AGREEING.read_text().splitlines()]


def changed(place: int, **fields: Any) -> list[Document]:
    """The documents of one line of the agreeing case with other fields (``__`` is a dot); None takes one away."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    documents = repeated(**LINES[place])
    whole = [{**document.fields, **named} for document in documents]
    kept = [{name: value for name, value in fields.items() if value is not None} for fields in whole]
    return [Document(dataset=d.dataset, id=d.id, fields=f) for d, f in zip(documents, kept, strict=True)]


def agreements(found: list[Incident]) -> set[tuple[str, str]]:
    return {(incident.rule, incident.agreement) for incident in found}


def judge(duck: DuckStore, report: list[Document]) -> set[tuple[str, str]]:
    fill(duck, [*(d for place in (0, 1, 2, 4) for d in changed(place)), *report])
    return agreements(settle(duck))


BOTH = {("starttls_stripped", "wire_and_reports"), ("tlsrpt_failures", "wire_and_reports")}
APART = {("starttls_stripped", "wire_only"), ("tlsrpt_failures", "reports_only")}


def at(day: int) -> dict[str, Any]:
    begin = datetime.fromisoformat(f"2026-11-{day:02}T00:00:00+00:00")
    return {"@timestamp": begin, "report__begin": begin, "report__end": begin.replace(hour=23)}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, BOTH),
        ({"far_end__network": "192.0.2.0/24"}, BOTH),
        ({"far_end__geo__country_iso_code": "FR"}, BOTH),
        ({"far_end__network": "192.0.2.0/24", "far_end__geo__country_iso_code": "FR"}, APART),
        ({"far_end__network": None, "far_end__geo__country_iso_code": None, "far_end__ip": None}, APART),
        (at(9), BOTH),
        (at(14), APART),
        (at(4), APART),
        ({"tlsrpt__result_type": "validation-failure"}, BOTH),
        ({"tlsrpt__result_type": "certificate-expired"}, APART),
        ({"counted": False}, {("starttls_stripped", "wire_only")}),
        ({"tlsrpt__failed_session_count": 2}, {("starttls_stripped", "wire_only")}),
        ({"tlsrpt__failed_session_count": 3}, {("starttls_stripped", "wire_and_reports")}),
        ({"tenant": "another"}, APART),
    ],
)
def test_the_two_agree_on_place_time_and_kind(duck: DuckStore, fields: dict[str, Any], wanted: set[tuple[str, str]]) -> None:
    found = judge(duck, changed(3, **fields))
    assert wanted <= found
    if wanted == APART:
        assert not found & BOTH


def test_agreement_raises_the_severity(duck: DuckStore) -> None:
    fill(duck, changed(0) + changed(1))
    alone = {incident.id: incident.severity for incident in settle(duck)}
    fill(duck, changed(3) + changed(4))
    together = {incident.id: incident for incident in settle(duck) if incident.rule == "starttls_stripped"}
    assert set(alone.values()) == {"high"} and {incident.severity for incident in together.values()} == {"critical"}
    assert all(incident.sources == ("wire", "tlsrpt") for incident in together.values()) and together.keys() == alone.keys()
