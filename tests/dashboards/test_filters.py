from __future__ import annotations

import pytest

from dashboards import filters
from dashboards.errors import BadRequest
from ingest.store import query as q
from ingest.store.check import checked_query
from ingest.store.schema import DATASETS


def test_values_of_one_parameter_are_alternatives() -> None:
    found = filters.read([("verdict", "tls"), ("country", "TN"), ("verdict", "tls_failed"), ("after", "x"), ("path", " ")])
    assert found.where("sessions") == (
        q.Filter("smtp.verdict", "eq", ("tls", "tls_failed")),
        q.Filter("far_end.geo.country_iso_code", "eq", ("TN",)),
    )


def test_a_dataset_without_the_field_is_not_narrowed() -> None:
    found = filters.read([("country", "TN"), ("verdict", "tls")])
    assert found.where("incidents") == (q.Filter("country", "eq", ("TN",)),)
    assert found.where("reports") == ()


def test_types_are_the_schemas() -> None:
    found = filters.read([("as", "AS3320"), ("mail_in_clear", "true"), ("ip", "203.0.113.0/24"), ("network", "none")])
    assert found.where("sessions") == (
        q.Filter("far_end.as.number", "eq", (3320,)),
        q.Filter("smtp.mail_in_clear", "eq", (True,)),
        q.Filter("far_end.ip", "cidr", ("203.0.113.0/24",)),
        q.Filter("far_end.network", "missing"),
    )


@pytest.mark.parametrize("pair", [("as", "x"), ("mail_in_clear", "yes"), ("vlan", "1.5")])
def test_what_the_type_cannot_hold_is_said(pair: tuple[str, str]) -> None:
    with pytest.raises(BadRequest):
        filters.read([pair]).where("sessions")


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_parameter_makes_a_question_that_the_store_takes(dataset: str) -> None:
    samples = {"boolean": "true", "integer": "5", "ip": "192.0.2.1"}
    for name in filters.PARAMETERS:
        field = filters.field_of(name, dataset)
        if field:
            kind = DATASETS[dataset].field(field).type
            checked_query(q.Query(dataset=dataset, where=filters.read([(name, samples.get(kind, "x"))]).where(dataset)))


def test_every_parameter_means_a_field_somewhere() -> None:
    for name in filters.PARAMETERS:
        assert any(filters.field_of(name, dataset) for dataset in DATASETS), name
