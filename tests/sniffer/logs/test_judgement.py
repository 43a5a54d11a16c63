from __future__ import annotations

import pytest

from sniffer.logs.entries import Certificate
from sniffer.logs.judgement import match_of, trust_of


@pytest.mark.parametrize(
    ("status", "trust"),
    [
        ("ok", "trusted"),
        ("self-signed certificate", "self_signed"),
        ("self signed certificate", "self_signed"),
        ("unable to get local issuer certificate", "unknown_issuer"),
        ("certificate has expired", "expired"),
        ("something new", "not_checked"),
        (None, "not_checked"),
    ],
)
def test_zeeks_finding(status: str | None, trust: str) -> None:
    assert trust_of(Certificate(status=status), 0) == trust


def test_dates_need_no_roots() -> None:
    certificate = Certificate(not_before=10, not_after=20)
    assert [trust_of(certificate, at) for at in (5, 15, 25)] == ["invalid", "not_checked", "expired"]


@pytest.mark.parametrize(
    ("certificate", "match"),
    [
        (Certificate(alternative_names=("mx.a.example",)), "mx"),
        (Certificate(alternative_names=("a.example",)), "domain"),
        (Certificate(alternative_names=("other",)), "neither"),
        (Certificate(subject="O=X, CN=mx.a.example"), "mx"),
        (Certificate(subject="CN=other"), "unknown"),
        (Certificate(named=True), "mx"),
        (Certificate(named=False), "unknown"),
    ],
)
def test_names(certificate: Certificate, match: str) -> None:
    assert match_of(certificate, ("mx.a.example",), ()) == match


def test_nothing_is_expected_without_a_name() -> None:
    assert match_of(Certificate(alternative_names=("a",), named=True), (), ()) == "unknown"
