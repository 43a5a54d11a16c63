from __future__ import annotations

import pytest

from sniffer.tls.names import covers, match_of
from tests.sniffer.handshakes import Authority

LEAF = Authority("ignored.example", ca=False, names=("mx1.example.org", "*.pool.example.org", "example.net")).der
BARE = Authority("mx1.example.org", ca=False).der


@pytest.mark.parametrize(
    ("leaf", "hosts", "domains", "match"),
    [
        (LEAF, ("mx1.example.org",), (), "mx"),
        (LEAF, ("MX1.Example.ORG.",), (), "mx"),
        (LEAF, ("a.pool.example.org",), (), "mx"),
        (LEAF, ("mx9.example.net",), (), "domain"),
        (LEAF, ("mx9.example.com",), (), "neither"),
        (LEAF, ("mx9.example.com",), ("example.net",), "domain"),
        (LEAF, (), ("example.net",), "domain"),
        (LEAF, ("ignored.example",), (), "neither"),
        (BARE, ("mx1.example.org",), (), "mx"),
        (LEAF, (), (), "unknown"),
        (None, ("mx1.example.org",), (), "not_observable"),
        (b"no certificate", ("mx1.example.org",), (), "neither"),
    ],
)
def test_matches(leaf: bytes | None, hosts: tuple[str, ...], domains: tuple[str, ...], match: str) -> None:
    assert match_of((leaf,) if leaf else (), hosts, domains) == match


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("*.example.org", "mx.example.org", True),
        ("*.example.org", "a.b.example.org", False),
        ("*.example.org", "example.org", False),
        ("*.org", "example.org", False),
        ("m*.example.org", "mx.example.org", False),
        ("", "", False),
    ],
)
def test_wildcards(name: str, host: str, covered: bool) -> None:
    assert covers(name, host) is covered
