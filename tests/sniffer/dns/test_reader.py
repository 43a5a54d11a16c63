"""Port 53 and mail in one capture: what a session is told."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from sniffer.jobs import map_connections
from sniffer.session import observe, session_json
from sniffer.settings import EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.weird import Weird

from .conftest import MILLISECOND, SECOND, START, Resolver, answer_to

LATER = START + SECOND


def sessions(resolver: Resolver, *talks, settings: EngineSettings | None = None, weird: Weird | None = None) -> list[Connection]:  # type: ignore[no-untyped-def]
    frames: list[tuple[int, bytes]] = list(resolver.frames)
    for talk in talks:
        frames += talk.frames
    capture = resolver.wire.pcap(sorted(frames, key=lambda one: one[0]))  # type: ignore[attr-defined]
    return sorted(resolver.wire.read(capture, settings, weird), key=lambda one: one.client_port)  # type: ignore[attr-defined]


def talk(wire, server: str = "192.0.2.25", time: int = LATER, number: int = 0):  # type: ignore[no-untyped-def]
    source = "2001:db8::1" if ":" in server else "198.18.0.1"
    return wire.Dialogue((source, 50000 + number), (server, 25), time=time).open().say(1, b"220 a ESMTP\r\n").say(0, b"EHLO c\r\n").close()


def words(found: Iterable[Connection]) -> list[str]:
    return [one.text for connection in found if connection.mx for one in connection.mx.contradictions]


@pytest.mark.parametrize("server", ["192.0.2.25", "2001:db8::25"])
def test_a_session_gets_its_mx_host_and_domain(wire, resolver: Resolver, server: str) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("Mail.example", "MX", "10 MX1.mail.example.", "20 mx2.mail.example.")
    resolver.tell("mx1.mail.example", "AAAA" if ":" in server else "A", server)
    (found,) = sessions(resolver, talk(wire, server))
    assert found.mx and found.mx.hosts == ("mx1.mail.example",)
    assert found.mx.domains == ("mail.example",)
    assert (found.mx.dane, found.mx.tlsrpt, found.mx.mta_sts, found.mx.contradictions) == (None, None, None, ())


def test_the_order_of_the_answers_does_not_matter(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("mx1.mail.example", "A", "192.0.2.25")
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.")
    (found,) = sessions(resolver, talk(wire))
    assert found.mx and found.mx.hosts == ("mx1.mail.example",)


def test_addresses_that_come_with_the_mx_count(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25", "www.example. A 192.0.2.26"))
    found = sessions(resolver, talk(wire), talk(wire, "192.0.2.26", number=1))
    assert [one.mx and one.mx.hosts for one in found] == [("mx1.mail.example",), None]


def test_policies(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.")
    resolver.tell("mx1.mail.example", "A", "192.0.2.25")
    resolver.tell("_25._tcp.mx1.mail.example", "TLSA", "3 1 1 " + "ab" * 32)
    resolver.tell("_smtp._tls.mail.example", "TXT", '"v=TLSRPTv1; rua=mailto:a@mail.example"')
    resolver.tell("_mta-sts.mail.example", "TXT")
    (found,) = sessions(resolver, talk(wire))
    assert found.mx and (found.mx.dane, found.mx.tlsrpt, found.mx.mta_sts) == (True, True, False)


def test_names_that_are_no_mx_name_nothing(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("www.mail.example", "A", "192.0.2.25")
    resolver.tell("none.example", "MX", "0 .")
    (found,) = sessions(resolver, talk(wire))
    assert found.mx is None


def test_an_answer_counts_from_when_it_came_until_its_ttl(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.time += 10 * SECOND
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.", ttl=86400)
    resolver.tell("mx1.mail.example", "A", "192.0.2.25", ttl=600)
    times = (START, START + 11 * SECOND, START + 600 * SECOND, START + 700 * SECOND)
    found = sessions(resolver, *(talk(wire, time=time, number=number) for number, time in enumerate(times)))
    assert [bool(one.mx) for one in found] == [False, True, True, False]


def test_the_latest_answer_before_the_session_names_it_whatever_the_window(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    for minute, host in enumerate(("mx1.a.example", "mx1.b.example")):
        resolver.time = START + minute * 60 * SECOND
        resolver.tell(host[4:], "MX", f"10 {host}.")
        resolver.tell(host, "A", "192.0.2.25")
    for chunk in (1, 4096, 32 << 20):
        found = sessions(resolver, talk(wire), talk(wire, time=START + 61 * SECOND, number=1), settings=EngineSettings(chunk=chunk))
        assert [one.mx.hosts if one.mx else None for one in found] == [("mx1.a.example",), ("mx1.b.example", "mx1.a.example")]


def test_answers_by_tcp(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    asked = wire.Dialogue((resolver.client, 41000), (resolver.server, 53)).open()
    for name, kind, value in (("mail.example", "MX", "10 mx1.mail.example."), ("mx1.mail.example", "A", "192.0.2.25")):
        query = resolver.query(name, kind)
        for side, message in ((0, query.to_wire()), (1, answer_to(query, value).to_wire())):
            asked.say(side, len(message).to_bytes(2, "big") + message)
    asked.close()
    (found,) = sessions(resolver, asked, talk(wire))
    assert found.mx and found.mx.hosts == ("mx1.mail.example",)


@pytest.mark.parametrize("chunk", [1, 32 << 20])
def test_an_answer_may_come_many_windows_after_its_question(wire, resolver: Resolver, chunk: int) -> None:  # type: ignore[no-untyped-def]
    query = resolver.query("mail.example", "MX")
    port = resolver.port
    resolver.ask(query)
    for number in range(40):
        resolver.ask(resolver.query(f"d{number}.example", "MX"))
    resolver.port = port
    resolver.reply(answer_to(query, "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",)))
    (found,) = sessions(resolver, talk(wire), settings=EngineSettings(chunk=chunk))
    assert found.mx and found.mx.domains == ("mail.example",)


def test_what_was_not_asked_is_not_believed(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    weird = Weird()
    query = resolver.query("mail.example", "MX")
    answer = answer_to(query, "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",))
    resolver.reply(answer)  # before its question
    resolver.ask(query)
    for wrong in (resolver.query("mail.example", "MX"), resolver.query("other.example", "MX")):
        wrong.id = query.id + (1 if wrong.question[0].name == query.question[0].name else 0)
        resolver.port = 40001
        resolver.reply(answer_to(wrong, "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",)))
    (found,) = sessions(resolver, talk(wire), weird=weird)
    assert found.mx is None
    assert weird.dns_unasked == 3


def race(
    resolver: Resolver, kind: str, first: tuple[str, ...], second: tuple[str, ...], name: str = "mail.example", asked: int = 1
) -> None:
    query = resolver.query(name, kind)
    for _ in range(asked):
        resolver.ask(query)
    resolver.reply(answer_to(query, *first))
    resolver.reply(answer_to(query, *second))


def test_a_spoof_race_is_told_with_both_answers(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    race(resolver, "MX", ("10 mx.evil.example.",), ("10 mx1.mail.example.",))
    resolver.tell("mx.evil.example", "A", "203.0.113.66")
    (found,) = sessions(resolver, talk(wire, "203.0.113.66"))
    assert found.mx and found.mx.hosts == ("mx.evil.example",)
    assert words([found]) == ["MX mail.example: 192.0.2.53 answered mx.evil.example, then 192.0.2.53 answered mx1.mail.example"]


def test_a_race_for_the_address_is_told(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    race(resolver, "A", ("203.0.113.66",), ("192.0.2.25",), name="mx1.mail.example")
    found = sessions(resolver, talk(wire, "203.0.113.66"), talk(wire, "192.0.2.99", number=1))
    assert [bool(one.mx) for one in found] == [True, False]
    assert len(words(found)) == 1


def test_a_race_that_hides_a_policy_is_told(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",))
    race(resolver, "TXT", (), ('"v=STSv1; id=1"',), name="_mta-sts.mail.example")
    assert len(words(sessions(resolver, talk(wire)))) == 1


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        (("192.0.2.25",), ("192.0.2.26",), 2),  # asked twice, answered twice, by a server that rotates
        (("192.0.2.25", "192.0.2.26"), ("192.0.2.26", "192.0.2.25"), 1),  # another order
        (("192.0.2.25", "192.0.2.26"), ("192.0.2.25",), 1),
        (("192.0.2.25",), ("192.0.2.25",), 1),  # a duplicate
        (("192.0.2.25",), ("192.0.2.26",), 0),  # the question was not captured
    ],
)
def test_rotation_repetition_and_blindness_are_no_race(  # type: ignore[no-untyped-def]
    wire, resolver: Resolver, first: tuple[str, ...], second: tuple[str, ...], asked: int
) -> None:
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.")
    race(resolver, "A", first, second, "mx1.mail.example", asked)
    assert words(sessions(resolver, talk(wire, "192.0.2.25"), talk(wire, "192.0.2.26", number=1))) == []


def test_servers_and_days_that_differ_are_no_race(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    """Split horizon, migration, geography: different questions may have different answers."""
    for server, host in (("192.0.2.53", "mx1.a.example"), ("192.0.2.54", "mx1.b.example"), ("192.0.2.53", "mx1.c.example")):
        resolver.server = server
        resolver.tell("mail.example", "MX", f"10 {host}.", brings=(f"{host}. A 192.0.2.25",))
    found = sessions(resolver, talk(wire))
    assert words(found) == []
    assert found[0].mx and found[0].mx.hosts[0] == "mx1.c.example"


def test_what_is_no_answer_is_counted(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    weird = Weird()
    query = resolver.query("mail.example", "MX")
    resolver.ask(query)
    answer = answer_to(query, "10 mx1.mail.example.").to_wire()
    resolver.reply(answer[:-4])
    resolver.reply(answer[:6] + b"\xff\xff" + answer[8:])
    (found,) = sessions(resolver, talk(wire), weird=weird)
    assert found.mx is None
    assert weird.dns_refused >= 2


def test_port_53_may_be_passed_over(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",))
    (found,) = sessions(resolver, talk(wire), settings=EngineSettings(dns=None))
    assert found.mx is None


def test_a_name_that_hashes_alike_is_another_question(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    """Letters' case is one; any other byte is not."""
    query = resolver.query("mail.example", "MX")
    resolver.ask(query)
    changed = answer_to(query, "10 mx1.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",)).to_wire()
    resolver.reply(changed[:13] + b"MAIL" + changed[17:])
    (found,) = sessions(resolver, talk(wire, time=resolver.time + MILLISECOND))
    assert found.mx and found.mx.domains == ("mail.example",)


def test_the_line_of_a_session(wire, resolver: Resolver) -> None:  # type: ignore[no-untyped-def]
    race(resolver, "MX", ("10 mx.evil.example.",), ("10 mx1.mail.example.",))
    resolver.tell("mx.evil.example", "A", "203.0.113.66")
    spoofed, other = sessions(resolver, talk(wire, "203.0.113.66"), talk(wire, "192.0.2.25", number=1))
    lines = [json.loads(session_json(session)) for one in (spoofed, other) if (session := observe(one, SniffSettings()))]
    assert lines[0]["destination"]["domain"] == "mx.evil.example"
    assert lines[0]["smtp"]["mx"] == {"domain": ["mail.example"]}
    assert lines[0]["smtp"]["evidence"][-1] == {
        "word": "dns_answer_contradicted",
        "side": "server",
        "text": "MX mail.example: 192.0.2.53 answered mx.evil.example, then 192.0.2.53 answered mx1.mail.example",
        "at": "2026-12-01T00:00:00.002000Z",
    }
    assert lines[0]["smtp"]["verdict"] == lines[1]["smtp"]["verdict"]
    assert "domain" not in lines[1]["destination"]
    assert "mx" not in lines[1]["smtp"]


def as_it_is(connection: Connection) -> Connection:
    return connection


@pytest.mark.parametrize("chunk", [32 << 20, 20_000])
@pytest.mark.parametrize("late", [0, 40])
def test_a_second_process_knows_the_names_told_before_the_cut(wire, resolver: Resolver, tmp_path, chunk: int, late: int) -> None:  # type: ignore[no-untyped-def]
    """``late``: so many sessions come before anything of port 53."""
    frames = [frame for number in range(late) for frame in talk(wire, time=START + number * MILLISECOND, number=100 + number).frames]
    resolver.time += late * MILLISECOND
    resolver.tell("mail.example", "MX", "10 mx1.mail.example.")
    resolver.tell("mx1.mail.example", "A", "192.0.2.25")
    frames += resolver.frames
    for number in range(60):
        frames += talk(wire, time=LATER + number * MILLISECOND, number=number).frames
    path = tmp_path / "both.pcap"
    path.write_bytes(wire.pcap(sorted(frames, key=lambda one: one[0])))
    settings = EngineSettings(chunk=chunk)
    one, two = Weird(), Weird()
    alone = list(map_connections(path, as_it_is, settings=settings, weird=one, smallest=0))
    both = list(map_connections(path, as_it_is, settings=settings, weird=two, jobs=2, smallest=0))
    assert sum(connection.mx is not None for connection in alone) == 60
    assert sorted(both, key=lambda c: c.client_port) == sorted(alone, key=lambda c: c.client_port)
    assert (two.dns_unasked, two.dns_refused, two.dns_forgotten) == (one.dns_unasked, one.dns_refused, one.dns_forgotten)
