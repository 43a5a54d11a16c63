from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sniffer.tls.certificate import certificate_facts
from sniffer.tls.trust import TrustStore, steady, trust_of
from tests.sniffer.handshakes import MADE, Authority

ROOT = Authority("Root")
MIDDLE = Authority("Middle", ROOT)
LEAF = Authority("mx.example", MIDDLE, ca=False, names=("mx.example",))
OTHER = Authority("Other root")
STORE = TrustStore.from_pem(ROOT.pem)
NOW = int((MADE + timedelta(days=100)).timestamp()) * 1_000_000_000
LATER = int((MADE + timedelta(days=2000)).timestamp()) * 1_000_000_000
EARLIER = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000_000


def test_a_chain_to_a_root_is_trusted() -> None:
    assert trust_of((LEAF.der, MIDDLE.der), NOW, STORE) == "trusted"
    assert trust_of((LEAF.der, OTHER.der, ROOT.der, MIDDLE.der), NOW, STORE) == "trusted"
    assert trust_of((MIDDLE.der,), NOW, STORE) == "trusted"


def test_a_missing_or_foreign_issuer_is_unknown() -> None:
    assert trust_of((LEAF.der,), NOW, STORE) == "unknown_issuer"
    assert trust_of((LEAF.der, MIDDLE.der), NOW, TrustStore.from_pem(OTHER.pem)) == "unknown_issuer"


def test_self_signed_also_when_expired_unless_it_is_a_root_itself() -> None:
    own = Authority("mx.example", ca=False)
    assert trust_of((own.der,), NOW, STORE) == "self_signed"
    assert trust_of((own.der,), LATER, None) == "self_signed"
    assert trust_of((own.der,), NOW, TrustStore.from_pem(own.pem)) == "trusted"


def test_time_of_the_capture_decides() -> None:
    assert trust_of((LEAF.der, MIDDLE.der), LATER, STORE) == "expired"
    assert trust_of((LEAF.der, MIDDLE.der), EARLIER, STORE) == "invalid"
    last = int(certificate_facts(LEAF.der).not_after.timestamp()) * 1_000_000_000  # type: ignore[union-attr]
    assert trust_of((LEAF.der, MIDDLE.der), last, None) == "not_checked"
    assert trust_of((LEAF.der, MIDDLE.der), last + 1_000_000_000, None) == "expired"


def test_an_expired_issuer_breaks_the_chain() -> None:
    old = Authority("Old middle", ROOT, days=10)
    leaf = Authority("mx.example", old, ca=False)
    assert trust_of((leaf.der, old.der), NOW, STORE) == "expired"


def test_an_issuer_that_is_no_authority_is_refused() -> None:
    fake = Authority("fake.example", LEAF, ca=False)
    assert trust_of((fake.der, LEAF.der, MIDDLE.der), NOW, STORE) == "invalid"


def test_a_forged_issuer_name_is_refused() -> None:
    forged = Authority("Root")
    leaf = Authority("mx.example", forged, ca=False)
    assert trust_of((leaf.der,), NOW, STORE) == "invalid"


def test_what_cannot_be_told() -> None:
    assert trust_of((), NOW, STORE) == "not_observable"
    assert trust_of((LEAF.der, MIDDLE.der), NOW, None) == "not_checked"
    assert trust_of((b"\x30\x03abc",), NOW, STORE) == "invalid"
    assert trust_of((LEAF.der, b"garbage", MIDDLE.der), NOW, STORE) == "trusted"
    assert len(STORE) == 1


def test_no_damage_to_a_certificate_raises() -> None:
    for place in range(0, len(LEAF.der), 3):
        damaged = bytearray(LEAF.der)
        damaged[place] ^= 0x41
        facts = certificate_facts(bytes(damaged))
        assert len(facts.sha256) == 64
        assert trust_of((bytes(damaged), MIDDLE.der), NOW, STORE) in (
            "invalid",
            "unknown_issuer",
            "expired",
            "self_signed",
            "trusted",
            "not_checked",
        )


def test_it_says_for_which_seconds_a_judgement_holds() -> None:
    short = Authority("mx.example", MIDDLE, ca=False, begins=MADE + timedelta(hours=5, seconds=1), days=1)
    chain, second = (short.der, MIDDLE.der), 1_000_000_000
    begin = int(MADE.timestamp())
    edges = {0, 5 * 3600, 5 * 3600 + 1, 29 * 3600, 29 * 3600 + 2, 86400, 172800}
    seen = set()
    for at in sorted(begin + edge + step for edge in edges for step in (-1, 0, 1, 1800)):
        since, until = steady(chain, at * second)
        assert since <= at < until
        assert until - since <= 86400
        said = {trust_of(chain, other * second, STORE) for other in (since, at, until - 1)}
        assert len(said) == 1
        seen |= said
    assert seen == {"invalid", "trusted", "expired"}
