"""Domains of one organisation."""

from __future__ import annotations

import pytest

from ingest.provenance.alignment import aligned, domain_of_address, domain_or_none


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("google.com", "google.com", True),
        ("mail.google.com", "google.com", True),
        ("a.google.com", "b.google.com", True),
        ("google.com", "notgoogle.com", False),
        ("google.com", "google.com.evil.example", False),
        ("one.co.uk", "two.co.uk", False),
        ("co.uk", "one.co.uk", False),
        ("one.github.io", "two.github.io", False),
        ("com", "google.com", False),
        ("a.example", "b.a.example", True),
        ("xn--bcher-kva.example", "mail.xn--bcher-kva.example", True),
    ],
)
def test_alignment_is_of_the_organisation(one: str, other: str, same: bool) -> None:
    assert aligned(one, other) is same
    assert aligned(other, one) is same


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.ORG.", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("a..b", None),
        ("", None),
        (".", None),
        ("-a.example", None),
        ("a b.example", None),
        ("[192.0.2.1]", None),
        ("x" * 64 + ".example", None),
        ("a." * 200 + "example", None),
        ("a.example\n", "a.example"),
    ],
)
def test_a_domain_is_ascii_labels(text: str, domain: str | None) -> None:
    assert domain_or_none(text) == domain


def test_an_addresses_domain_is_behind_its_last_at() -> None:
    assert domain_of_address('"a@b"@sender.example') == "sender.example"
    assert domain_of_address("mailto:a@sender.example") == "sender.example"
    assert domain_of_address("https://sender.example/contact") is None
