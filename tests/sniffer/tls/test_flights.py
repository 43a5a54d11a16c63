"""A handshake that is recognised by its flights says what it says when it is taken apart."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sniffer.remembered import Memory
from sniffer.tls import TlsFacts, conversation, observe_tls
from sniffer.tls.flights import Flights, client_flight, server_flight
from tests.sniffer.handshakes import client_context, converse, handshake, host, server_context, sides

Both = tuple[bytes, bytes]


def new(version: str, ciphers: str = "ALL:@SECLEVEL=0") -> Both:
    return sides(converse(client_context(), server_context(host(), version, ciphers))[0])


def resumed(version: str) -> Both:
    client_side, server_side = client_context(), server_context(host(), version)
    _, session = converse(client_side, server_side)
    return sides(converse(client_side, server_side, session=session)[0])


def retried() -> Both:
    server_side = server_context(host(), "1.3")
    server_side.set_ecdh_curve("secp384r1")
    return sides(converse(client_context("1.3"), server_side)[0])


MADE: dict[str, Callable[[], Both]] = {
    "1.0": lambda: new("1.0"),
    "1.2": lambda: new("1.2"),
    "1.3": lambda: new("1.3"),
    "1.2 resumed": lambda: resumed("1.2"),
    "1.3 resumed": lambda: resumed("1.3"),
    "anonymous": lambda: new("1.2", "AECDH:@SECLEVEL=0"),
    "retried": retried,
}


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_CLIENTS", Flights(client_flight))
    monkeypatch.setattr(conversation, "_SERVERS", Flights(server_flight))
    monkeypatch.setattr(conversation, "_FACTS", Memory(4096))


def taken_apart(client: bytes, server: bytes, lost: bool) -> TlsFacts:
    with pytest.MonkeyPatch.context() as patch:
        forget(patch)
        return observe_tls(client, 0, server, 0, lost, lost)


@pytest.mark.parametrize("kind", [kind for kind in MADE if kind != "retried"])
def test_a_second_handshake_is_recognised(kind: str) -> None:
    both = [MADE[kind]() for _ in range(8)]
    for client, server in both:
        observe_tls(client, 0, server, 0)
    for client, server in both:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conversation, "read_records", None)
            again = observe_tls(b"STARTTLS\r\n" + client, 10, b"220 go\r\n" + server, 8)
        assert again == taken_apart(client, server, False)


def test_a_retry_is_never_taken_for_a_hello() -> None:
    client, server = retried()
    for _ in range(2):
        assert observe_tls(client, 0, server, 0) == taken_apart(client, server, False)
    assert not conversation._FACTS


def test_names_and_certificates_are_each_sessions_own() -> None:
    names = ["mx1.example", "mx2.example", "mx3.example"]
    for name in names * 2:
        client, server = sides(converse(client_context(), server_context(host(name), "1.2"), name)[0])
        facts = observe_tls(client, 0, server, 0)
        assert (facts.server_name, facts.chain) == (name, (host(name).der,))


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("lost", [False, True])
def test_a_changed_or_cut_handshake_is_what_its_bytes_say(kind: str, lost: bool) -> None:
    chance = random.Random(kind)
    client, server = MADE[kind]()
    observe_tls(client, 0, server, 0)
    for _ in range(600):
        sent, heard = bytearray(client), bytearray(server)
        for side in chance.choice([[sent], [heard], [sent, heard]]):
            place, change = chance.randrange(min(len(side), 1200)), chance.randrange(4)
            if change == 0:
                del side[place:]
            elif change == 1:
                del side[place : place + chance.randrange(1, 9)]
            else:
                side[place] = chance.choice([side[place] ^ 1 << chance.randrange(8), chance.randrange(256)])
        assert observe_tls(bytes(sent), 0, bytes(heard), 0, lost, lost) == taken_apart(bytes(sent), bytes(heard), lost)


def test_what_is_kept_is_bounded() -> None:
    flights = Flights(server_flight)
    client, server = sides(handshake("1.2"))
    suite = 44 + server[43]
    for number in range(3000):
        for at in (9, suite):
            assert flights.learn(server[:at] + number.to_bytes(2, "big") + server[at + 2 :], 0)
    assert 500 < sum(map(len, flights._known.values())) <= 1024
    assert max(map(len, flights._known.values())) <= 16
    assert client_flight(client[:300], 0) is None
