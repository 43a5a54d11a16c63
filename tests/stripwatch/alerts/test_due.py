from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from ingest.incidents.model import Incident
from stripwatch.alerts.due import condition, due
from stripwatch.alerts.settings import AlertSettings
from stripwatch.alerts.told import Told

from .conftest import MONTH, NOW, incident


def told(incidents: Sequence[Incident], at: datetime = NOW) -> dict[str, Told]:
    return {condition(one): Told(to="a", condition=condition(one), incident=one.id, severity=one.severity, at=at) for one in incidents}


def ids(incidents: Sequence[Incident], before: dict[str, Told], now: datetime = NOW, **settings: Any) -> list[str]:
    return [one.id for one in due(incidents, before, AlertSettings(**settings), now)]


def test_an_incident_is_told_once_however_it_grows() -> None:
    one = incident("a")
    assert ids([one], {}) == ["a"]
    assert ids([incident("a", affected=400, total=400)], told([one])) == []


def test_one_that_becomes_graver_is_told_again() -> None:
    mild, grave = incident("a", severity="high"), incident("a", severity="critical")
    assert ids([grave], told([mild])) == ["a"]
    assert ids([mild], told([grave])) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "medium"},
        {"state": "acknowledged"},
        {"state": "closed"},
        {"affected": 0},
        {"last_seen": NOW - timedelta(days=8)},
        {"rule": "weak_tls"},
    ],
)
def test_what_nobody_wants_to_be_told_of(changes: dict[str, Any]) -> None:
    assert ids([incident("a", **changes)], {}, rules=("starttls_stripped",)) == []
    assert ids([incident("b")], {}, rules=("starttls_stripped",)) == ["b"]


def test_of_a_condition_that_outlives_its_month_the_newest_is_told() -> None:
    november, december = incident("n"), incident("d", window_begin=MONTH + timedelta(days=30))
    assert ids([december, november], {}) == ["d"]
    assert ids([december, november], told([november])) == []
    assert ids([december, november], told([november], NOW - timedelta(days=31))) == ["d"]
    assert ids([december, november], told([december], NOW - timedelta(days=31))) == []


def test_the_gravest_come_first() -> None:
    mild = incident("a", severity="high", subject="x", lower=0.9)
    sure, unsure = incident("b", subject="y", lower=0.8), incident("c", subject="z", lower=0.3)
    assert ids([mild, unsure, sure], {}) == ["b", "c", "a"]


def test_two_kinds_about_one_subject_are_two_conditions() -> None:
    version = incident("a", rule="weak_tls", keys={"where": {"tls.version": ["1.0"]}})
    cipher = incident("b", rule="weak_tls", kind="cipher", keys={"where": {"tls.encryption": ["RC4_128"]}})
    assert condition(version) != condition(cipher)
    assert condition(version) == condition(incident("c", rule="weak_tls", keys={"where": {"tls.version": ["1.1"]}}))


def test_kinds_that_one_field_tells_apart_are_told_each() -> None:
    field, network = "tlsrpt.result_type", {"rule": "tlsrpt_failures", "subject": "198.51.100.0/24"}
    stripped = incident("a", kind="starttls", keys={"where": {field: ["starttls-not-supported"]}}, **network)
    refused = incident("b", kind="certificate", keys={"where": {field: ["certificate-expired"]}}, **network)
    assert ids([stripped, refused], {}) == ["a", "b"]
    assert ids([stripped, refused], told([stripped])) == ["b"]


def test_settings_name_their_faults() -> None:
    with pytest.raises(ValueError, match="none of starttls_stripped"):
        AlertSettings(rules=("striptls",))
    with pytest.raises(ValueError, match="https://"):
        AlertSettings(dashboard_url="gate.example")
    assert "pa55word" not in repr(AlertSettings(urls=("json://a:pa55word@gate.example",)))
