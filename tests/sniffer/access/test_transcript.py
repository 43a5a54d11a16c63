"""What people see of a login: never its secrets."""

from __future__ import annotations

import json

import pytest

from sniffer.session import session_record
from sniffer.sniff_settings import SniffSettings
from tests.sniffer.playbook import session

BOTH = frozenset({"pop3", "imap"})
POP3 = """S +OK mx <1896.697170952@mx.example>
C USER bob
S +OK bob is welcome
C PASS s3cret word
S -ERR bob, no
C APOP bob c4c9334bac560ecc979e58001b3e22fb
S -ERR no
C AUTH PLAIN
S + Ym9i
C AGJvYgBzZWNyZXQ=
S -ERR no
C AUTH PLAIN AGJvYgBzZWNyZXQ=
S -ERR [AUTH] bob failed
C s3cret
S -ERR what
C S3CRET
S -ERR what
C PASS s3cret
S +OK bob's box has 2 messages
C RETR 1
S +OK
S bob's mail|."""
IMAP = """S * OK mx ready
C a1 LOGIN bob s3cret
S a1 NO [AUTHENTICATIONFAILED] bob failed
C a2 LOGIN {3}
S + go on bob
C bob "s3cret"
S a2 NO bob failed
C a3 AUTHENTICATE LOGIN
S + Ym9i
C Ym9i
S + Ym9i
C czNjcmV0
S a3 NO bob failed
C a4 AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=
S a4 NO
C s3cret
S * BAD what
C a5 S3CRET
S a5 BAD what
C a6 ID ("name" "x" "mail" "bob@x.example")
S * ID NIL|a6 OK
C a7 LOGIN bob s3cret
S * CAPABILITY IDLE|a7 OK bob is in
C a8 FETCH 1 BODY[]
S * 1 FETCH (BODY[] {3}|bob)|a8 OK"""


@pytest.mark.parametrize("script", [POP3, IMAP])
def test_no_secret_is_shown_unless_wanted(script: str) -> None:
    shown = json.dumps(session_record(session(script, SniffSettings(protocols=BOTH)))["smtp"])
    for secret in ("bob", "s3cret", "S3CRET", "Ym9i", "AGJv", "c4c9", "czNj", "1896"):
        assert secret not in shown, secret
    wanted = json.dumps(session_record(session(script, SniffSettings(protocols=BOTH, show_addresses=True)))["smtp"])
    for secret in ("bob", "s3cret", "AGJv"):
        assert secret in wanted


def lines(script: str) -> list[str]:
    turns = session_record(session(script, SniffSettings(protocols=BOTH)))["smtp"]["dialogue"]
    return [turn["text"] for turn in turns if turn["side"] == "client"]


def test_what_is_shown_of_pop3() -> None:
    assert lines(POP3) == [
        *("USER ***", "PASS ***", "APOP ***", "AUTH PLAIN", "***", "AUTH PLAIN ***", "***", "***", "PASS ***"),
    ]


def test_what_is_shown_of_imap() -> None:
    assert lines(IMAP) == [
        *("a1 LOGIN ***", "a2 LOGIN ***", "a3 AUTHENTICATE LOGIN", "***", "***", "a4 AUTHENTICATE PLAIN ***", "***", "***"),
        *('a6 ID ("name" "x" "mail" "***")', "a7 LOGIN ***"),
    ]


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("S +OK\nC STLS\nS -ERR no\nC XXXX\nS -ERR what\nC QUIT\nS +OK", ["STLS", "XXXX", "QUIT"]),
        ("S * OK\nC a starttls\nS a NO no\nC b XXXXXXXX\nS b BAD what\nC c LOGOUT\nS c OK", ["a starttls", "b XXXXXXXX", "c LOGOUT"]),
    ],
)
def test_masked_commands_are_shown(script: str, shown: list[str]) -> None:
    assert lines(script) == shown


def test_the_servers_demand_for_tls_is_shown() -> None:
    script = "S * OK\nC a LOGIN bob x\nS a NO [PRIVACYREQUIRED] Plaintext authentication disallowed\nC b LOGOUT\nS b OK"
    texts = [turn["text"] for turn in session_record(session(script, SniffSettings(protocols=BOTH)))["smtp"]["dialogue"]]
    assert "a NO [PRIVACYREQUIRED] Plaintext authentication disallowed" in texts


def test_limits_clip() -> None:
    settings = SniffSettings(protocols=BOTH, dialogue_entries=2, dialogue_text=5)
    turns = session_record(session(POP3, settings))["smtp"]["dialogue"]
    assert [turn["text"] for turn in turns] == ["+OK m", "USER "]
