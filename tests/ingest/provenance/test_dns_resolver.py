"""The resolver against a real server on loopback."""

from __future__ import annotations

import time

import pytest

from ingest.provenance.answer_cache import AnswerCache, Kept
from ingest.provenance.dns_resolver import ABSENT_KEPT, CACHE_ENTRIES, REST, REST_AFTER, DnsResolver, nameserver
from ingest.provenance.errors import NameNotFound, TemporaryDnsFailure, TooManyLookups
from ingest.provenance.resolver import Allowance

from .conftest import Nameserver

NAME = "s1._domainkey.sender.example"


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def made(nameserver: Nameserver, clock: Clock | None = None) -> DnsResolver:
    return DnsResolver([nameserver.address], seconds=0.15, clock=clock or Clock())


def test_each_kind_of_record_has_its_form(nameserver: Nameserver) -> None:
    nameserver.records |= {
        (NAME, "TXT"): ["a" * 300, "b"],
        ("mx.sender.example", "A"): ["192.0.2.1", "192.0.2.2"],
        ("mx.sender.example", "AAAA"): ["2001:db8::1"],
        ("sender.example", "MX"): ["10 mx.sender.example."],
        ("1.2.0.192.in-addr.arpa", "PTR"): ["mx.sender.example."],
    }
    resolver = made(nameserver)
    assert sorted(resolver.lookup(NAME, "TXT")) == [b"a" * 300, b"b"]
    assert sorted(resolver.lookup("mx.sender.example", "A")) == [b"192.0.2.1", b"192.0.2.2"]
    assert resolver.lookup("mx.sender.example", "AAAA") == (b"2001:db8::1",)
    assert resolver.lookup("sender.example", "MX") == (b"10 mx.sender.example",)
    assert resolver.lookup("1.2.0.192.in-addr.arpa", "PTR") == (b"mx.sender.example",)
    assert resolver.lookup("sender.example", "TXT") == ()


def test_answers_are_kept_for_their_time_to_live(nameserver: Nameserver) -> None:
    clock = Clock()
    resolver = made(nameserver, clock)
    nameserver.records[NAME, "TXT"] = ["k"]
    for asked in ("S1._Domainkey.sender.example.", NAME, NAME):
        assert resolver.lookup(asked, "TXT") == (b"k",)
    assert nameserver.asked[NAME, "TXT"] == 1
    clock.now += nameserver.ttl + 1
    resolver.lookup(NAME, "TXT")
    assert nameserver.asked[NAME, "TXT"] == 2


def test_missing_names_are_kept_for_a_short_time(nameserver: Nameserver) -> None:
    clock = Clock()
    resolver = made(nameserver, clock)
    for _ in range(3):
        with pytest.raises(NameNotFound):
            resolver.lookup(NAME, "TXT")
    assert nameserver.asked[NAME, "TXT"] == 1
    clock.now += ABSENT_KEPT + 1
    nameserver.records[NAME, "TXT"] = ["k"]
    assert resolver.lookup(NAME, "TXT") == (b"k",)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "." * 300, "", "ä.example", "\0.example"])
def test_a_name_that_cannot_exist_is_not_found_or_has_nothing(nameserver: Nameserver, name: str) -> None:
    try:
        assert made(nameserver).lookup(name, "TXT") == ()
    except NameNotFound:
        pass


def test_a_failing_server_is_a_failure_for_now(nameserver: Nameserver) -> None:
    clock = Clock()
    resolver = made(nameserver, clock)
    nameserver.refuse = True
    with pytest.raises(TemporaryDnsFailure):
        resolver.lookup(NAME, "TXT")
    nameserver.refuse = False
    nameserver.records[NAME, "TXT"] = ["k"]
    clock.now += 60
    assert resolver.lookup(NAME, "TXT") == (b"k",)


def test_a_silent_server_costs_a_few_deadlines_and_then_nothing(nameserver: Nameserver) -> None:
    clock = Clock()
    resolver = made(nameserver, clock)
    nameserver.silent = True
    started = time.monotonic()
    for number in range(100):
        with pytest.raises(TemporaryDnsFailure):
            resolver.lookup(f"n{number}.example", "TXT")
    assert time.monotonic() - started < 3.0
    assert len(nameserver.asked) == REST_AFTER
    nameserver.silent = False
    nameserver.records[NAME, "TXT"] = ["k"]
    clock.now += REST + 1
    assert resolver.lookup(NAME, "TXT") == (b"k",)


def test_a_port_where_nobody_listens_is_a_failure_for_now() -> None:
    with pytest.raises(TemporaryDnsFailure):
        DnsResolver(["127.0.0.1:9"], seconds=0.2).lookup(NAME, "TXT")


def test_too_long_a_record_is_left_out(nameserver: Nameserver) -> None:
    nameserver.records[NAME, "TXT"] = ["x" * 5000, "k"]
    try:
        assert made(nameserver).lookup(NAME, "TXT") == (b"k",)
    except TemporaryDnsFailure:  # the datagram did not fit
        pass


def test_the_cache_is_bounded() -> None:
    cache = AnswerCache(3)
    for number in range(10):
        cache.put((str(number), "TXT"), Kept((), 10.0))
    assert len(cache) == 3
    assert cache.get(("9", "TXT"), 0.0) is not None
    assert cache.get(("9", "TXT"), 10.0) is None
    assert CACHE_ENTRIES < 100_000


def test_one_mail_has_so_many_lookups_and_so_much_time(nameserver: Nameserver) -> None:
    clock = Clock()
    nameserver.records[NAME, "TXT"] = ["k"]
    allowance = Allowance(made(nameserver), clock, lookups=2, seconds=5.0)
    allowance.lookup(NAME, "TXT")
    clock.now += 6
    with pytest.raises(TemporaryDnsFailure):
        allowance.lookup(NAME, "TXT")
    with pytest.raises(TooManyLookups):
        allowance.lookup(NAME, "TXT")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
    ],
)
def test_name_servers_are_addresses_with_or_without_a_port(text: str, server: tuple[str, int]) -> None:
    assert nameserver(text) == server


@pytest.mark.parametrize("text", ["ns.example", "192.0.2.53:0", "192.0.2.53:x", "", "192.0.2.53:70000"])
def test_other_name_servers_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        DnsResolver([text])
