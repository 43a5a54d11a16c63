from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from ingest.store.schema import SESSIONS
from sniffer.dns.facts import MxFacts
from sniffer.networks import Networks
from sniffer.session import observe, session_json
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.tls.trust import TrustStore
from tests.sniffer.handshakes import MADE, Authority, converse, handshake, host, server_context, sides
from tests.sniffer.handshakes import client_context as tls_client
from tests.sniffer.playbook import START, Turns, connection, head, session, turns

GREETING = """S 220-mx.example ESMTP Postfix|220 welcome bob@mx.example
C EHLO client.example
S 250-mx.example|250-STARTTLS|250 AUTH PLAIN LOGIN
C STARTTLS
S 220 2.0.0 Ready"""
WHOLE = turns(GREETING) + list(handshake("1.2"))


def record(found: Any) -> dict[str, Any]:
    line = session_json(found)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_every_field_of_a_tls_session() -> None:
    store = TrustStore.from_pem(host().pem)
    settings = SniffSettings(observer_name="gw1", own_networks=Networks(["198.51.100.0/24"]), roots=lambda: store)
    base = connection(WHOLE)
    tagged = Connection(
        base.client_ip, base.client_port, base.server_ip, base.server_port, base.start, base.stop, base.client, base.server, 7, 42, "eth0"
    )
    found = observe(tagged, settings)
    assert found
    got = record(found)
    tls, smtp = got.pop("tls"), got.pop("smtp")
    assert got == {
        "@timestamp": "2026-09-21T14:13:20.000000Z",
        "event": {"id": got["event"]["id"], "dataset": "smtp.session", "duration": base.stop - base.start},
        "source": {"ip": "192.0.2.1", "port": 40000, "bytes": base.client.bytes, "packets": base.client.packets},
        "destination": {"ip": "198.51.100.25", "port": 25, "bytes": base.server.bytes, "packets": base.server.packets},
        "network": {"community_id": got["network"]["community_id"], "direction": "inbound", "vlan": {"id": 42}},
        "observer": {"name": "gw1", "ingress": {"interface": {"name": "eth0"}}},
    }
    assert got["network"]["community_id"].startswith("1:")
    assert len(got["event"]["id"]) == 32 and got["event"]["id"].isalnum()
    assert smtp == {
        "verdict": "tls",
        "evidence": [],
        "dialogue": [
            {"at": "2026-09-21T14:13:20.001000Z", "side": "server", "text": "220-mx.example ESMTP Postfix\n220 welcome ***"},
            {"at": "2026-09-21T14:13:20.002000Z", "side": "client", "text": "EHLO client.example"},
            {"at": "2026-09-21T14:13:20.003000Z", "side": "server", "text": "250-mx.example\n250-STARTTLS\n250 AUTH PLAIN LOGIN"},
            {"at": "2026-09-21T14:13:20.004000Z", "side": "client", "text": "STARTTLS"},
            {"at": "2026-09-21T14:13:20.005000Z", "side": "server", "text": "220 2.0.0 Ready"},
        ],
        "software": "Postfix",
        "banner": "220-mx.example ESMTP Postfix\n220 welcome ***",
        "helo": "client.example",
        "ehlo": True,
        "starttls": {"offered": True, "requested": True, "reply_code": 220},
        "auth": {"offered_in_clear": True, "used_in_clear": False},
        "mail_in_clear": False,
    }
    client = tls.pop("client")
    assert client["server_name"] == "mx.example" and len(client["ja3"]) == 32 and client["ja4"].startswith("t13d")
    assert tls.pop("server") == {
        "subject": "CN=mx.example",
        "issuer": "CN=mx.example",
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": (MADE + timedelta(days=730)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "hash": {"sha256": host().certificate.fingerprint(host().certificate.signature_hash_algorithm).hex().upper()},  # type: ignore[arg-type]
        "x509": {"public_key_algorithm": "EC", "public_key_size": 256, "alternative_names": ["mx.example"]},
    }
    assert tls.pop("certificate") == {"trust": "trusted", "match": "mx"}
    assert tls.pop("cipher").startswith("TLS_ECDHE_ECDSA_WITH_")
    assert tls.pop("encryption") and tls.pop("curve")
    assert tls == {
        "established": True,
        "version": "1.2",
        "version_protocol": "tls",
        "key_exchange": "ECDHE",
        "mac": "AEAD",
        "forward_secrecy": True,
        "resumed": False,
    }


def test_every_field_is_in_the_schema() -> None:
    def walk(value: dict[str, Any], prefix: str = "") -> list[str]:
        names: list[str] = []
        for key, inner in value.items():
            nested = isinstance(inner, dict) and not SESSIONS.has(prefix + key)
            names += walk(inner, f"{prefix}{key}.") if nested else [prefix + key]
        return names

    unknown = [name for name in walk(record(session(WHOLE))) if name != "@timestamp" and not SESSIONS.has(name)]
    assert unknown in ([], ["event.id"])


def test_tls_is_absent_where_none_was_tried() -> None:
    got = record(session("S 220 mx\nC EHLO c\nS 250 mx\nC QUIT\nS 221 bye"))
    assert "tls" not in got
    assert "observer" not in got
    assert "direction" not in got["network"]


def test_a_tls_1_3_certificate_is_not_observable() -> None:
    got = record(session(turns(GREETING) + list(handshake("1.3"))))
    assert got["smtp"]["verdict"] == "tls"
    assert got["tls"]["version"] == "1.3"
    assert got["tls"]["certificate"] == {"trust": "not_observable", "match": "not_observable"}
    assert "server" not in got["tls"]


@pytest.mark.parametrize("port", [25, 465, 587, 2525])
@pytest.mark.parametrize("version", ["1.0", "1.2", "1.3"])
def test_implicit_tls(port: int, version: str) -> None:
    got = record(session(list(handshake(version)), port=port))
    assert got["smtp"]["verdict"] == "implicit_tls"
    assert got["tls"]["established"] is True
    assert got["smtp"]["starttls"] == {"requested": False}


def test_tls_of_other_ports_is_not_mail() -> None:
    assert observe(connection(list(handshake("1.2")), port=443), SniffSettings()) is None
    assert observe(connection(list(handshake("1.2")), port=4650), SniffSettings(smtp_ports=frozenset({4650}))) is not None


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.3"])
def test_a_certificate_that_is_refused_fails_the_upgrade(version: str) -> None:
    client = tls_client(version)
    client.verify_mode = __import__("ssl").CERT_REQUIRED
    got = record(session(turns(GREETING) + converse(client, server_context(host(), version))[0]))
    assert got["smtp"]["verdict"] == "tls_failed"
    assert got["tls"]["established"] is False
    assert {item["word"] for item in got["smtp"]["evidence"]} & {"alert_unknown_ca", "alert_encrypted"}


def test_commands_before_the_handshake_are_injection() -> None:
    said = turns(GREETING.replace("C STARTTLS", "C STARTTLS|MAIL FROM:<evil@c>")) + list(handshake("1.2"))
    got = record(session(said))
    assert got["smtp"]["verdict"] == "tls"
    assert [(item["word"], item["text"]) for item in got["smtp"]["evidence"]] == [("pipelined_after_starttls", "MAIL FROM:<***>")]


def test_replies_before_the_handshake_are_injection() -> None:
    got = record(session(turns(GREETING.replace("Ready", "Ready|250 evil")) + list(handshake("1.2"))))
    assert got["smtp"]["verdict"] == "tls"
    assert [item["word"] for item in got["smtp"]["evidence"]] == ["reply_after_accept"]


def test_a_refused_then_accepted_starttls_is_tls() -> None:
    said = turns(GREETING.replace("C STARTTLS", "C STARTTLS\nS 454 later\nC STARTTLS")) + list(handshake("1.2"))
    got = record(session(said))
    assert (got["smtp"]["verdict"], got["smtp"]["starttls"]["reply_code"]) == ("tls", 220)
    assert [item["word"] for item in got["smtp"]["evidence"]] == ["starttls_refused"]


@pytest.mark.parametrize("header", [b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)])
def test_a_proxy_header_is_stepped_over(header: bytes) -> None:
    assert record(session([(True, header), *WHOLE]))["smtp"]["evidence"][0]["word"] == "proxy_header"
    assert record(session([(True, header), *WHOLE]))["smtp"]["verdict"] == "tls"
    assert record(session([(True, header), *handshake("1.2")], port=465))["smtp"]["verdict"] == "implicit_tls"


def test_the_servers_side_alone_can_show_tls() -> None:
    got = record(session(WHOLE, client_captured=False))
    assert got["smtp"]["verdict"] == "tls"
    assert got["smtp"]["starttls"] == {"offered": True, "requested": True, "reply_code": 220}
    assert record(session(WHOLE, server_captured=False))["smtp"]["verdict"] == "incomplete"


def test_credentials_and_addresses_are_blanked_unless_wanted() -> None:
    script = """S 220 mx
C EHLO c
S 250-mx|250 AUTH PLAIN
C AUTH PLAIN AGJvYgBzZWNyZXQ=
S 235 hello bob@x.example
C VRFY bob
S 252 ok
C MAIL FROM:<bob@x.example> SIZE=1
S 250 <bob@x.example>... ok
C AUTH LOGIN
S 334 VXNlcm5hbWU6
C Ym9i
S 334 UGFzc3dvcmQ6
C c2VjcmV0
S 535 no
C c2VjcmV0
S 500 what"""
    shown = json.dumps(record(session(script))["smtp"]["dialogue"])
    for secret in ("bob", "AGJv", "Ym9i", "c2Vj", "VXNl"):
        assert secret not in shown
    assert "MAIL FROM:<***> SIZE=1" in shown and "AUTH PLAIN ***" in shown
    open_text = json.dumps(record(session(script, SniffSettings(show_addresses=True)))["smtp"]["dialogue"])
    for secret in ("bob@x.example", "AGJv", "Ym9i", "c2Vj"):
        assert secret in open_text


@pytest.mark.parametrize("end", ["C MAIL FROM:<>\nS 250 ok\nC QUIT\nS 221 bye", "C RSET\nS 250 ok"])
def test_banner_and_helo_hold_no_address_unless_wanted(end: str) -> None:
    script = f"S 220 mx.example ask bob@x.example ESMTP\nC EHLO bob@x.example\nS 250-mx|250 SIZE\n{end}"
    smtp = record(session(script))["smtp"]
    assert (smtp["banner"], smtp["helo"]) == ("220 mx.example ask *** ESMTP", "***")
    assert "bob" not in json.dumps(smtp)
    smtp = record(session(script, SniffSettings(show_addresses=True)))["smtp"]
    assert (smtp["banner"], smtp["helo"]) == ("220 mx.example ask bob@x.example ESMTP", "bob@x.example")
    assert "bob" not in json.dumps(record(session(script, SniffSettings(banner_text=21, helo_text=2)))["smtp"])


OWN = "S 220 mx\nC EHLO c\nS 250-mx|250-{offer}|250 SIZE\nC {command}\nS 500 what\nC QUIT\nS 221 bye"


@pytest.mark.parametrize(
    ("ours", "offer", "command", "signs"),
    [
        ("198.51.100.0/24", "XXXXXXXX", "NOOP", [("masked_offer", "XXXXXXXX"), ("own_device", "XXXXXXXX")]),
        ("198.51.100.0/24", "XXXB", "NOOP", [("masked_word", "XXXB"), ("own_device", "XXXB")]),
        ("192.0.2.0/24", "XXXXXXXX", "NOOP", [("masked_offer", "XXXXXXXX")]),
        ("192.0.2.0/24", "STARTTLS", "XXXXXXXA", [("masked_command", "XXXXXXXA"), ("own_device", "XXXXXXXA")]),
        ("198.51.100.0/24", "STARTTLS", "XXXXXXXX", [("masked_command", "XXXXXXXX")]),
        ("203.0.113.0/24", "XXXXXXXX", "XXXXXXXX", [("masked_offer", "XXXXXXXX"), ("masked_command", "XXXXXXXX")]),
        ("198.51.100.0/24", "STARTTLS", "NOOP", []),
    ],
)
def test_what_our_own_side_sends_masked_is_our_own_device(ours: str, offer: str, command: str, signs: list[tuple[str, str]]) -> None:
    found = session(OWN.format(offer=offer, command=command), SniffSettings(own_networks=Networks([ours])))
    assert [(sign.word, sign.text) for sign in found.judgement.evidence] == signs


def test_limits_clip() -> None:
    settings = SniffSettings(dialogue_entries=3, dialogue_text=10, evidence_entries=1, evidence_text=5, banner_text=7, helo_text=2)
    got = record(session("S 220 mx.example long\nC EHLO client\nS 250-mx|250-XXXXXXXX|250-XXXXXXXA|250 x\nC QUIT\nS 221 bye", settings))
    smtp = got["smtp"]
    assert [item["text"] for item in smtp["evidence"]] == ["XXXXX"]
    assert [len(turn["text"]) for turn in smtp["dialogue"]] == [10, 10, 10]
    assert (smtp["banner"], smtp["helo"]) == ("220 mx.", "cl")


@pytest.mark.parametrize(
    ("ours", "direction"),
    [(["198.51.100.0/24"], "inbound"), (["192.0.2.0/24"], "outbound"), (["2001:db8::/32"], "external"), (["0.0.0.0/0"], "inbound")],
)
def test_direction(ours: list[str], direction: str) -> None:
    assert record(session(WHOLE, SniffSettings(own_networks=Networks(ours))))["network"]["direction"] == direction


@pytest.mark.parametrize(
    ("client", "server", "port"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", 25),
        (b"", b"+OK ready\r\n", 110),
        (b"", b"* OK ready\r\n", 143),
        (b"USER x\r\n", b"220 FTP\r\n", 21),
        (b"", b"", 25),
        (b"\x00\x01\x02", b"\x03\x04", 25),
        (b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n", 25),
        (b"USER anonymous\r\nPASS x\r\n", b"220 welcome\r\n331 password\r\n230 in\r\n", 25),
        (b"AUTH TLS\r\n", b"220-hello\r\n220 there\r\n234 go\r\n", 587),
        (b"", b"220 (vsFTPd 3.0.3)\r\n", 25),
        (b"QUIT\r\n", b"220 ProFTPD Server ready\r\n221 bye\r\n", 25),
        (b"CAPABILITIES\r\nQUIT\r\n", b"200 news.example ready\r\n101 list\r\n.\r\n205 bye\r\n", 25),
    ],
)
def test_what_is_no_mail_is_no_session(client: bytes, server: bytes, port: int) -> None:
    heads = [head([(START, data)] if data else []) for data in (client, server)]
    assert observe(Connection("192.0.2.1", 1, "192.0.2.2", port, START, START, *heads), SniffSettings()) is None


def test_smtp_on_other_ports_is_known_by_its_words() -> None:
    assert record(session("S 220 mx ESMTP\nC EHLO c\nS 250 mx\nC QUIT\nS 221 bye", port=4025))["smtp"]["verdict"] == "cleartext_not_offered"


def test_payload_that_was_announced_but_not_captured_is_incomplete() -> None:
    cut = StreamHead(b"", (), False, "gap", 100, 3, True)
    found = observe(Connection("192.0.2.1", 1, "192.0.2.2", 25, START, START, cut, cut), SniffSettings())
    assert found and record(found)["smtp"]["verdict"] == "incomplete"


def test_the_same_session_has_the_same_id_and_another_has_not() -> None:
    assert record(session(WHOLE)) == record(session(WHOLE))
    other: Turns = WHOLE
    assert record(session(other, SniffSettings(observer_name="b")))["event"]["id"] != record(session(WHOLE))["event"]["id"]


def test_a_certificate_of_another_host() -> None:
    elsewhere = Authority("other.example", ca=False, names=("other.example",))
    said = turns(GREETING) + converse(tls_client(), server_context(elsewhere, "1.2"))[0]
    assert sides(said)[0]
    assert record(session(said))["tls"]["certificate"] == {"trust": "self_signed", "match": "neither"}
    configured = SniffSettings(mx_hosts={"198.51.100.25": ("other.example",)})
    assert record(session(said, configured))["tls"]["certificate"]["match"] == "mx"


def test_the_mx_name_that_dns_answers_gave_is_expected_of_a_certificate() -> None:
    elsewhere = Authority("other.example", ca=False, names=("other.example",))
    base = connection(turns(GREETING) + converse(tls_client(), server_context(elsewhere, "1.2"))[0])
    for hosts, match in ((("mx.other.test", "other.example"), "mx"), (("mx.third.test",), "neither")):
        found = observe(replace(base, mx=MxFacts(hosts, ("mail.example",), dane=False)), SniffSettings())
        got = record(found)
        assert got["tls"]["certificate"]["match"] == match
        assert got["destination"]["domain"] == hosts[0]
        assert got["smtp"]["mx"] == {"domain": ["mail.example"], "dane": False}
    configured = SniffSettings(mx_hosts={"198.51.100.25": ("other.example",)})
    assert record(observe(replace(base, mx=MxFacts(("mx.third.test",))), configured))["tls"]["certificate"]["match"] == "mx"


def beginning_late(said: Turns, client_turns: int, server_turns: int) -> Connection:
    """The capture misses so many first turns of each side."""
    whole = connection(said)
    heads = []
    for side, skip in ((whole.client, client_turns), (whole.server, server_turns)):
        start = side.marks[skip][0]
        marks = tuple((place - start, at) for place, at in side.marks[skip:])
        heads.append(StreamHead(side.data[start:], marks, skip == 0, side.end, side.bytes, side.packets, True))
    return Connection(whole.client_ip, whole.client_port, whole.server_ip, whole.server_port, START, START, *heads)


@pytest.mark.parametrize(("client_turns", "server_turns"), [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 2), (3, 0), (3, 3)])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_late_start_of_a_side_makes_no_false_claim(version: str, client_turns: int, server_turns: int) -> None:
    found = observe(beginning_late(turns(GREETING) + list(handshake(version)), client_turns, server_turns), SniffSettings())
    assert found and found.judgement.verdict in ("tls", "incomplete")


def test_a_refusal_lost_on_both_sides_leaves_the_verdict_open() -> None:
    """The client's first commands were not captured, nor what answered them: one may have been STARTTLS."""
    said = turns(
        "S 220 mx\nC EHLO c\nS 250-mx|250 STARTTLS\nC STARTTLS\nS 454 no\nC MAIL FROM:<>\nS 250 ok\nC DATA\nS 354 go\nC x|.\nS 250 ok"
    )
    whole, late = connection(said), beginning_late(said, 2, 0)
    kept = len(b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n")
    server = StreamHead(whole.server.data[:kept], whole.server.marks[:2], True, "gap", whole.server.bytes, 5, True)
    found = observe(Connection("192.0.2.1", 1, "192.0.2.2", 25, START, START, late.client, server), SniffSettings())
    assert found and found.judgement.verdict == "incomplete"


MASKED = "S 220 mx\nC EHLO c\nS 250-mx|250-XXXXXXXX|250 SIZE\nC MAIL FROM:<>\nS 250 ok\nC RCPT TO:<a>\nS 250 ok\nC QUIT\nS 221 bye"


@pytest.mark.parametrize("server_turns", [2, 3, 4])
def test_a_reply_to_mail_is_never_taken_for_one_to_ehlo(server_turns: int) -> None:
    found = observe(beginning_late(turns(MASKED), 0, server_turns), SniffSettings())
    assert found and found.judgement.verdict == "incomplete"
    assert "offered" not in record(found)["smtp"]["starttls"]


def test_a_starttls_that_ehlos_250_seems_to_answer_was_not_accepted() -> None:
    """The directions are out of step: only a 220, or a handshake that follows, accepts."""
    found = observe(connection(turns("S 220 mx\nC EHLO c\nC STARTTLS\nS 250 mx|250 ok\nC MAIL FROM:<>\nS 250 ok")), SniffSettings())
    assert found and found.judgement.verdict == "incomplete"
    taken = observe(connection(turns(GREETING.replace("220 2.0.0", "250 2.0.0")) + list(handshake("1.2"))), SniffSettings())
    assert taken and taken.judgement.verdict == "tls"


@pytest.mark.parametrize("answer", ["200 STRIPTLS", "250 2.0.0 Ok", "354 what"])
def test_an_answer_that_is_none_refuses_starttls_where_mail_goes_on_in_clear(answer: str) -> None:
    """As tools that strip TLS say it; the replies to DATA and QUIT show that all stand in step."""
    script = f"S 220 mx\nC EHLO c\nS 250-mx|250 STARTTLS\nC STARTTLS\nS {answer}\nC MAIL FROM:<>\nS 250 ok\nC RCPT TO:<a>\nS 250 ok\n"
    found = observe(connection(turns(script + "C QUIT\nS 221 bye")), SniffSettings())
    assert found and found.judgement.verdict == "starttls_refused"
    assert [(sign.word, sign.text) for sign in found.judgement.evidence] == [("starttls_refused", answer)]
    open_end = observe(connection(turns(script)), SniffSettings())
    assert open_end and (open_end.judgement.verdict, open_end.judgement.evidence) == ("incomplete", ())


def test_an_ehlo_reply_seen_before_its_ehlo_leaves_the_verdict_open() -> None:
    """Both sides began late, a few milliseconds out of step: MAIL's 250 stands where EHLO's would."""
    whole = connection(turns("S 250-mx|250-XXXXXXXX|250 SIZE\nC EHLO c|MAIL FROM:<>|RCPT TO:<a>\nS 250 ok|250 ok\nC QUIT\nS 221 bye"))
    late = replace(whole, client=replace(whole.client, from_start=False), server=replace(whole.server, from_start=False))
    found = observe(late, SniffSettings())
    assert found and found.judgement.verdict == "incomplete"


REFUSED = "S 220 mx\nS 250-mx|250-SIZE|250 STARTTLS\nC MAIL FROM:<>|RCPT TO:<a>|DATA\n"


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        # the refusal of a STARTTLS that was lost stands beside MAIL, and all replies are one late
        (REFUSED + "S 454 no\nS 250 a|250 b|354 c\nC x|.|QUIT\nS 250 d|221 e", "incomplete"),
        (REFUSED + "S 454 no", "incomplete"),
        # the replies to DATA and QUIT show that all stand in step
        (REFUSED + "S 250 a|550 b|354 c\nC x|.|QUIT\nS 250 d|221 e", "cleartext_offered"),
        (REFUSED.replace("DATA", "QUIT") + "S 250 a|550 b|221 c", "cleartext_offered"),
        (REFUSED.replace("DATA", "QUIT") + "S 454 no|250 a|250 b|221 c", "incomplete"),
    ],
)
def test_a_refusal_that_may_be_of_a_lost_starttls_leaves_the_verdict_open(script: str, verdict: str) -> None:
    whole = connection(turns(script))
    found = observe(replace(whole, client=replace(whole.client, from_start=False)), SniffSettings())
    assert found and found.judgement.verdict == verdict


@pytest.mark.parametrize(("ours", "match"), [("198.51.100.0/24", "domain"), ("192.0.2.0/24", "neither")])
def test_our_own_domains_are_expected_of_our_own_servers_only(ours: str, match: str) -> None:
    hosts = {"198.51.100.25": ("other.test",)}
    found = observe(connection(WHOLE), SniffSettings(own_networks=Networks([ours]), mx_hosts=hosts, mail_domains=("mx.example",)))
    assert found and found.match == match
