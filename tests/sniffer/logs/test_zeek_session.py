"""Which verdict follows from which lines; above all, which does not."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import CONN, SMTP, SSL, Reading, without

FAILED = {**SSL, "established": False}
ALERT = {**FAILED, "last_alert": "handshake_failure"}


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([SMTP, SSL, CONN], "tls"),
        ([SMTP, SSL], "tls"),
        ([{**SMTP, "tls": False}, SSL], "tls"),
        ([SSL, CONN], "tls"),
        ([SSL, {**CONN, "service": "ssl"}], "incomplete"),
        ([SSL], "incomplete"),
        ([SMTP], "incomplete"),
        ([SMTP, CONN], "incomplete"),
        ([{**SMTP, "tls": False}], "incomplete"),
        ([without(SMTP, "tls") | {"tls": None}], None),
        ([SMTP, ALERT, CONN], "tls_failed"),
        ([SMTP, ALERT], "tls_failed"),
        ([SMTP, FAILED, CONN], "tls_failed"),
        ([SMTP, FAILED, {**CONN, "conn_state": "RSTO"}], "tls_failed"),
        ([SMTP, FAILED], "incomplete"),
        ([SMTP, ALERT, {**CONN, "missed_bytes": 1}], "incomplete"),
        ([SMTP, ALERT, {**CONN, "history": "ShADadgFf"}], "incomplete"),
        ([SMTP, {**FAILED, "last_alert": "unknown-77"}], "incomplete"),
        ([SMTP, FAILED, {**CONN, "conn_state": "S1"}], "incomplete"),
        ([SMTP, FAILED, {**CONN, "history": "DadFf"}], "incomplete"),
        ([SMTP, FAILED, without(CONN, "missed_bytes")], "incomplete"),
        ([SMTP, {**FAILED, "version": "TLSv13"}, CONN], "incomplete"),
        ([SMTP, {**FAILED, "version": "TLSv13"}, {**CONN, "conn_state": "RSTR"}], "tls_failed"),
        ([SMTP, without(SSL, "established") | {"established": None, "ja3": "x"}], "incomplete"),
        ([{**CONN, "service": "smtp"}], "incomplete"),
        ([{**CONN, "service": "-smtp"}], "incomplete"),
        ([without(CONN, "service")], None),
        ([{**SSL, "id.resp_p": 465}], "implicit_tls"),
        ([{**ALERT, "id.resp_p": 465}], "implicit_tls"),
        ([{**SMTP, "id.resp_p": 465}, {**SSL, "id.resp_p": 465}], "tls"),
        ([{**SSL, "id.resp_p": 443}], None),
    ],
)
def test_verdict(reading: Reading, lines: list[dict[str, Any]], verdict: str | None) -> None:
    from .conftest import json_lines

    reading.read(json_lines(*lines))
    assert [session["smtp"]["verdict"] for session in reading.sessions()] == ([] if verdict is None else [verdict])


def test_what_zeek_does_not_say_is_absent(reading: Reading) -> None:
    session = reading.only({**SMTP, "tls": False})
    assert set(session["smtp"]) == {"verdict", "evidence", "helo"}
    assert "tls" not in session
    assert set(session["source"]) == {"ip", "port"}
    assert "duration" not in session["event"]
    assert "observer" not in session


def test_an_accepted_starttls_says_nothing_of_the_offer(reading: Reading) -> None:
    session = reading.only(SMTP, SSL)
    assert session["smtp"]["starttls"] == {"requested": True, "reply_code": 220}


def test_a_default_is_no_statement(reading: Reading) -> None:
    tls = reading.only(SMTP, FAILED)["tls"]
    assert "established" not in tls
    assert "resumed" not in tls
    assert "certificate" not in tls


def test_a_message_seen_is_mail_in_clear(reading: Reading) -> None:
    assert reading.only({**SMTP, "tls": False, "subject": "hi"})["smtp"]["mail_in_clear"] is True


def test_evidence_names_the_source_and_what_was_missed(reading: Reading) -> None:
    session = reading.only(SMTP, FAILED, {**CONN, "history": "DaGdg"})
    words = [sign["word"] for sign in session["smtp"]["evidence"]]
    assert words == ["from_log", "loss_client", "loss_server", "late_start"]
    assert "established=F" in session["smtp"]["evidence"][0]["text"]


def test_a_connection_told_the_wrong_way_round_is_turned(reading: Reading) -> None:
    turned = {"id.orig_h": "198.51.100.25", "id.orig_p": 25, "id.resp_h": "203.0.113.1", "id.resp_p": 40000}
    session = reading.only({**CONN, **turned, "orig_pkts": 3, "resp_pkts": 4})
    assert session["source"] == {"ip": "203.0.113.1", "port": 40000, "packets": 4}
    assert session["destination"] == {"ip": "198.51.100.25", "port": 25, "packets": 3}
    assert session["network"]["direction"] == "inbound"
