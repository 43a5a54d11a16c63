"""SPF through our resolver, against a real server."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.provenance.dns_resolver import DnsResolver
from ingest.provenance.resolver import RecordKind
from ingest.provenance.spf import check_spf

from .conftest import Nameserver


@pytest.mark.parametrize(
    ("policy", "peer", "word"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.7", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "198.51.100.7", "fail"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "2001:db8::7", "pass"),
        ("v=spf1 a ~all", "198.51.100.1", "softfail"),
        ("v=spf1 mx ?all", "192.0.2.30", "pass"),
        ("v=spf1 ptr ?all", "192.0.2.30", "pass"),
        ("v=spf1 exists:%{i}.ok.sender.example -all", "192.0.2.30", "pass"),
        ("v=spf1 redirect=sender.example", "192.0.2.7", "permerror"),
        ("v=spf1 include:none.example -all", "192.0.2.7", "permerror"),
        ("v=spf1 nonsense", "192.0.2.7", "permerror"),
        ("v=DMARC1", "192.0.2.7", "none"),
        ("v=spf1 +all", None, "none"),
        ("v=spf1 +all", "socket", "none"),
    ],
)
def test_policies(nameserver: Nameserver, policy: str, peer: str | None, word: str) -> None:
    nameserver.records |= {
        ("sender.example", "TXT"): [policy],
        ("sender.example", "MX"): ["10 mx.sender.example."],
        ("sender.example", "A"): ["192.0.2.99"],
        ("mx.sender.example", "A"): ["192.0.2.30"],
        ("30.2.0.192.in-addr.arpa", "PTR"): ["mx.sender.example."],
        ("192.0.2.30.ok.sender.example", "A"): ["127.0.0.2"],
    }
    result = check_spf(peer, "a@sender.example", "mx.sender.example", DnsResolver([nameserver.address]))
    assert (result.word, result.domain) == (word, "sender.example")


def test_a_dns_that_is_down_is_a_temporary_error(nameserver: Nameserver) -> None:
    nameserver.refuse = True
    assert check_spf("192.0.2.7", "a@sender.example", None, DnsResolver([nameserver.address])).word == "temperror"


class Says:
    """Answers every name with one text."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def lookup(self, name: str, kind: RecordKind, seconds: float | None = None) -> tuple[bytes, ...]:
        return (self._text,) if kind == "TXT" else ()


TERMS = [
    b"v=spf1 ",
    b"a",
    b"mx/",
    b"ip4:",
    b"ip6:::",
    b"include:",
    b"%{d}",
    b"%{",
    b"redirect=",
    b"exp=",
    b"exists:",
    b"ptr",
    b" ",
    b"-all",
    b"/",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(TERMS), st.binary(max_size=5)), max_size=12).map(b"".join),
    st.text(max_size=12),
    st.text(max_size=12),
)
def test_any_policy_and_any_sender_has_a_word(policy: bytes, sender: str, helo: str) -> None:
    words = {"pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"}
    assert check_spf("192.0.2.7", f"{sender}@sender.example", helo, Says(b"v=spf1 " + policy)).word in words
    assert check_spf("2001:db8::7", sender, helo, Says(b"v=spf1 " + policy)).word in words
