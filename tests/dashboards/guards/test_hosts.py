from __future__ import annotations

import pytest

from dashboards.guards.hosts import known_host

HOSTS = frozenset({"mail.example.org"})


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "[::1]:8080", "localhost", "x.localhost:1", "MAIL.example.org:8080", "10.1.2.3", "mail.example.org."]
)
def test_our_names_and_bare_addresses(host: str) -> None:
    assert known_host(host, HOSTS)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "mail.example.org.evil", "[::1", "a@b", "127.1.evil:80"],
)
def test_names_that_could_be_bound_to_us(host: str) -> None:
    assert not known_host(host, HOSTS)
