from __future__ import annotations

from typing import Any

import pytest

from .conftest import EVENT, Reading, json_lines

SMTP = {**EVENT, "event_type": "smtp", "smtp": {"helo": "a.example"}}
STARTTLS = {"app_proto": "tls", "app_proto_orig": "smtp"}


def tls(**fields: Any) -> dict[str, Any]:
    return {**EVENT, "event_type": "tls", "tls": fields}


def flow(**fields: Any) -> dict[str, Any]:
    return {**EVENT, "event_type": "flow", "flow": {"start": "2026-11-24T10:00:00.000000+0000"}, **fields}


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        ([SMTP, tls(from_proto="smtp", subject="CN=a")], "tls"),
        ([tls(from_proto="smtp", version="TLS 1.3")], "tls"),
        ([tls(from_proto="smtp", session_resumed=True)], "tls"),
        ([tls(version="TLS 1.3"), flow(**STARTTLS)], "tls"),
        ([tls(from_proto="smtp", version="TLS 1.2", sni="a", ja3={"hash": "x"})], "incomplete"),
        ([flow(**STARTTLS)], "incomplete"),
        ([SMTP], "incomplete"),
        ([flow(app_proto="smtp")], "incomplete"),
        ([flow(app_proto="tls", app_proto_tc="smtp")], "incomplete"),
        ([tls(subject="CN=a")], "incomplete"),
        ([{**tls(subject="CN=a"), "dest_port": 465}], "implicit_tls"),
        ([{**tls(subject="CN=a"), "dest_port": 443}], None),
        ([flow(app_proto="failed")], None),
        ([{**EVENT, "event_type": "http", "http": {"hostname": "smtp.example"}}], None),
        ([{**SMTP, "proto": "UDP"}], None),
    ],
)
def test_verdict(reading: Reading, events: list[dict[str, Any]], verdict: str | None) -> None:
    assert reading.read(json_lines(*events)) is None
    assert [session["smtp"]["verdict"] for session in reading.sessions()] == ([] if verdict is None else [verdict])


def test_without_the_servers_answer_nothing_is_said_of_the_handshake(reading: Reading) -> None:
    session = reading.only(tls(from_proto="smtp", version="TLS 1.2", sni="mx.example"))
    assert session["tls"] == {"client": {"server_name": "mx.example"}}


def test_the_fingerprint_of_a_hello_that_suricata_could_not_read_is_none(reading: Reading) -> None:
    empty, hello = "t00i000000_e3b0c44298fc_d2e2adf7177b", "t00d060700_a9b2fdacf259_dfbd9ea3a515"
    assert "client" not in reading.only(tls(from_proto="smtp", subject="CN=a", ja4=empty))["tls"]
    assert reading.only(tls(from_proto="smtp", subject="CN=a", ja4=hello))["tls"]["client"] == {"ja4": hello}


def test_byte_counters_hold_headers_and_are_not_taken(reading: Reading) -> None:
    counters = {"pkts_toserver": 3, "pkts_toclient": 4, "bytes_toserver": 300, "bytes_toclient": 400}
    session = reading.only({**flow(app_proto="smtp"), "flow": counters})
    assert session["source"] == {"ip": "203.0.113.1", "port": 40000, "packets": 3}


def test_a_sha1_fingerprint_is_no_sha256(reading: Reading) -> None:
    session = reading.only(tls(from_proto="smtp", subject="CN=a", fingerprint="aa:bb"))
    assert session["tls"]["server"] == {"subject": "CN=a"}


def test_unlogged_names_prove_no_mismatch(reading: Reading) -> None:
    session = reading.only(tls(from_proto="smtp", subject="CN=other", sni="mx.example"))
    assert session["tls"]["certificate"]["match"] == "unknown"
