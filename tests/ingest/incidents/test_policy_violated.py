"""A list of domains that need TLS, which golden cases cannot have: they are judged by the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.incidents.settings import Settings
from tests.ingest.incidents.conftest import AnyStore, documents_of, fill, settle

GOLDEN = Path(__file__).parents[2] / "golden/incidents/policy_violated"


@pytest.mark.parametrize("listed", ["partner.example", "Partner.Example"])
def test_mail_in_clear_to_a_listed_domain(listed: str, store: AnyStore) -> None:
    fill(store, documents_of(GOLDEN / "silent_nobody_asked/documents.ndjson"))
    removed, violated = sorted(settle(store, settings=Settings(tls_required=("other.example", listed))), key=lambda one: one.rule)
    assert (violated.rule, violated.subject, violated.affected, violated.total) == ("policy_violated", "mx.partner.example", 10, 10)
    assert (removed.rule, removed.affected, removed.total) == ("offer_removed", 10, 10)
    assert all("it is listed as one that needs verified TLS" in one.summary for one in (removed, violated))


def test_an_unverified_certificate_of_a_listed_domain(store: AnyStore) -> None:
    fill(store, documents_of(GOLDEN / "silent_another_certificate_and_dane/documents.ndjson"))
    incidents = settle(store, settings=Settings(tls_required=("partner.example",)))
    assert [incident.rule for incident in incidents] == ["policy_violated", "policy_violated"]
    assert len({incident.id for incident in incidents}) == 2


def test_another_domain_is_nobody_s_business(store: AnyStore) -> None:
    fill(store, documents_of(GOLDEN / "silent_nobody_asked/documents.ndjson"))
    assert settle(store, settings=Settings(tls_required=("other.example",))) == []
