"""One table of POP3 sessions: what each shows, and the one verdict that follows."""

from __future__ import annotations

from typing import Any

import pytest

from sniffer.session import session_record
from tests.sniffer.access.cases import Case, assert_case, assert_upgraded, only
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import session, turns, words

POP3 = only("pop3")
GREET = "S +OK mx.example Dovecot ready.\n"
OFFER = GREET + "C CAPA\nS +OK|UIDL|USER|STLS|SASL PLAIN|.\n"
PLAIN = GREET + "C CAPA\nS +OK|UIDL|USER|SASL PLAIN|.\n"
LOGIN = "C USER bob\nS +OK\nC PASS secret\nS +OK Logged in.\n"
MAIL = LOGIN + "C STAT\nS +OK 1 20\nC RETR 1\nS +OK 20 octets|Subject: x||STLS|.\nC QUIT\nS +OK bye\n"


def masked(word: str, beside: str = "") -> str:
    return GREET + f"C CAPA\nS +OK|UIDL|{beside}{word}|SASL PLAIN|.\n"


CASES: list[tuple[str, str, dict[str, Any], str, dict[str, Any], list[str]]] = [
    # name, script, how the capture ends, verdict, fields, evidence
    (
        "offered and not asked",
        OFFER + MAIL,
        {},
        "cleartext_offered",
        {"offered": True, "requested": False, "mail": True, "used": True, "listed": True},
        [],
    ),
    ("not offered", PLAIN + MAIL, {}, "cleartext_not_offered", {"offered": False, "auth": True}, []),
    ("no list asked for", GREET + MAIL, {}, "cleartext_not_offered", {"offered": False, "auth": None, "mail": True, "listed": False}, []),
    ("CAPA unknown", GREET + "C CAPA\nS -ERR what\n" + MAIL, {}, "cleartext_not_offered", {"offered": False}, []),
    ("offered in lower case", GREET + "C capa\nS +ok|stls|.\n" + LOGIN, {}, "cleartext_offered", {"offered": True, "auth": False}, []),
    ("offered with parameters", GREET + "C CAPA\nS +OK|STLS now|.\nC QUIT\nS +OK\n", {}, "cleartext_offered", {"used": False}, []),
    ("pipelined", GREET + "C CAPA|USER bob|PASS x|QUIT\nS +OK|STLS|.|+OK|+OK|+OK\n", {}, "cleartext_offered", {"mail": False}, []),
    ("APOP", OFFER + "C APOP bob c4c9334bac560ecc979e58001b3e22fb\nS +OK in\n", {}, "cleartext_offered", {"used": True}, []),
    ("SASL", OFFER + "C AUTH PLAIN\nS + \nC AGJvYgBzZWNyZXQ=\nS +OK in\n", {}, "cleartext_offered", {"used": True}, []),
    ("SASL cancelled", OFFER + "C AUTH PLAIN\nS + \nC *\nS -ERR no\nC QUIT\nS +OK\n", {}, "cleartext_offered", {"used": False}, []),
    ("mechanisms asked for", OFFER + "C AUTH\nS +OK|PLAIN|.\nC QUIT\nS +OK\n", {}, "cleartext_offered", {"used": False}, []),
    ("mail is refused", OFFER + LOGIN + "C RETR 1\nS -ERR none\nC QUIT\nS +OK\n", {}, "cleartext_offered", {"mail": False}, []),
    ("greeting and farewell", GREET + "C QUIT\nS +OK\n", {}, "incomplete", {"offered": None, "requested": False}, ["no_reply"]),
    ("banner only", GREET, {}, "incomplete", {"offered": None, "listed": None}, ["no_reply"]),
    ("refusing banner", "S -ERR go away\nC QUIT\nS +OK\n", {}, "incomplete", {}, ["greeting_refused", "no_reply"]),
    ("masked banner", "S +OK *****************\n" + PLAIN[len(GREET) :] + LOGIN, {}, "cleartext_not_offered", {}, ["masked_banner"]),
    # masked offers
    ("XXXX", masked("XXXX") + MAIL, {}, "stripped_offer", {"offered": False}, ["masked_offer"]),
    ("XXXA", masked("XXXA") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("asterisks", masked("****") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("blanks", masked("    ") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("one letter off", masked("STLX") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("beside a real offer", masked("XXXX", "STLS|") + MAIL, {}, "cleartext_offered", {"offered": True}, ["masked_word"]),
    ("another length", masked("XXXXX") + MAIL, {}, "cleartext_not_offered", {}, ["masked_word"]),
    (
        "masked, then offered",
        masked("XXXX") + "C CAPA\nS +OK|STLS|.\n" + LOGIN,
        {},
        "cleartext_offered",
        {"offered": True},
        ["masked_offer"],
    ),
    ("listed once more in clear", masked("XXXX") + LOGIN + "C CAPA\nS +OK|STLS|.\n", {}, "stripped_offer", {}, ["masked_offer"]),
    # masked commands
    (
        "masked command",
        OFFER + "C XXXX\nS -ERR Unknown command.\n" + MAIL,
        {},
        "stripped_command",
        {"requested": True},
        ["masked_command"],
    ),
    ("masked command, offer removed", PLAIN + "C XXXX\nS -ERR what\n" + MAIL, {}, "stripped_command", {}, ["masked_command"]),
    ("both masked", masked("XXXX") + "C ****\nS -ERR what\n" + MAIL, {}, "stripped_command", {}, ["masked_offer", "masked_command"]),
    ("a masked command that is taken", OFFER + "C XXXX\nS +OK\n" + MAIL, {}, "cleartext_offered", {}, ["masked_command"]),
    (
        "four letters amid a login",
        PLAIN + "C USER bob\nS +OK\nC XXXX\nS -ERR what\nC QUIT\nS +OK\n",
        {},
        "cleartext_not_offered",
        {"requested": False},
        ["masked_word"],
    ),
    ("four letters as a password", PLAIN + "C USER bob\nS +OK\nC PASS XXXX\nS +OK\n", {}, "cleartext_not_offered", {}, []),
    ("four letters behind the login", OFFER + LOGIN + "C XXXX\nS -ERR\nC QUIT\nS +OK\n", {}, "cleartext_offered", {"requested": False}, []),
    ("four letters in a message", PLAIN + MAIL.replace("|STLS|", "|XXXX|"), {}, "cleartext_not_offered", {}, []),
    # refused, failed
    (
        "refused",
        OFFER + "C STLS\nS -ERR not now\n" + MAIL,
        {},
        "starttls_refused",
        {"requested": True, "code": None, "used": True},
        ["starttls_refused"],
    ),
    ("refused, not offered", PLAIN + "C STLS\nS -ERR what\n" + MAIL, {}, "starttls_refused", {"offered": False}, ["starttls_refused"]),
    (
        "malformed",
        OFFER + "C STLS now\nS -ERR what\n" + MAIL,
        {},
        "cleartext_offered",
        {"requested": True},
        ["starttls_malformed", "starttls_refused"],
    ),
    ("closed", OFFER + "C STLS\nS +OK go\n", {}, "tls_failed", {"established": False, "mail": False}, ["closed"]),
    ("garbage", OFFER + "C STLS\nS +OK go\nC= 00ff00ff00ff00ff\n", {}, "tls_failed", {}, ["garbage"]),
    ("decrypted", OFFER + "C STLS\nS +OK go\n" + MAIL, {}, "tls_failed", {"established": None, "mail": None}, ["clear_after_accept"]),
    ("asked once more", OFFER + "C STLS\nS -ERR later\nC STLS\nS +OK\n", {}, "tls_failed", {}, ["starttls_refused", "closed"]),
    (
        "demanded",
        OFFER + "C USER bob\nS -ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.\nC QUIT\nS +OK\n",
        {},
        "cleartext_offered",
        {"used": False},
        ["tls_required"],
    ),
    # what cannot be judged
    ("unanswered", OFFER + "C STLS\n", {}, "incomplete", {"requested": True}, ["starttls_unanswered"]),
    ("list cut in its mask", masked("XXXX")[:-1], {"server_end": "gap", "server_keep": 45}, "incomplete", {}, ["loss_server", "no_reply"]),
    (
        "list cut behind its offer",
        OFFER + LOGIN,
        {"server_end": "gap", "server_keep": len("+OK mx.example Dovecot ready.\r\n+OK\r\nUIDL\r\nUSER\r\nSTLS\r\nSA")},
        "cleartext_offered",
        {"offered": True},
        [],
    ),
    ("client lost behind a mask", masked("XXXX"), {"client_end": "gap"}, "incomplete", {}, ["masked_offer", "loss_client"]),
    ("client lost behind the login", masked("XXXX") + LOGIN, {"client_end": "gap"}, "stripped_offer", {}, ["masked_offer"]),
    (
        "client lost behind a password",
        masked("XXXX") + "C USER a\nS +OK\nC PASS x\n",
        {"client_end": "gap"},
        "incomplete",
        {},
        ["masked_offer"],
    ),
    ("second list swallowed", masked("XXXX") + "C CAPA\n", {"server_end": "gap"}, "incomplete", {}, ["masked_offer", "loss_server"]),
    ("client only", OFFER + MAIL, {"server_captured": False}, "incomplete", {"offered": None}, ["server_not_captured", "no_reply"]),
    ("server only", OFFER + MAIL, {"client_captured": False}, "incomplete", {"requested": None}, ["client_not_captured", "no_reply"]),
    ("a late start", "C STAT\nS +OK 1 2\nC QUIT\nS +OK\n", {"from_start": False}, "incomplete", {}, ["late_start", "no_reply"]),
    ("a late start before the list", OFFER + MAIL, {"from_start": False}, "cleartext_offered", {"offered": True}, []),
    ("a late start before a mask", masked("XXXX") + MAIL, {"from_start": False}, "incomplete", {}, ["masked_offer", "late_start"]),
]


@pytest.mark.parametrize("case", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_verdicts(case: Case) -> None:
    assert_case("pop3", case)


@pytest.mark.parametrize(("version", "client_captured"), [("1.0", True), ("1.2", True), ("1.3", True), ("1.2", False)])
def test_stls_leads_to_tls(version: str, client_captured: bool) -> None:
    assert assert_upgraded("pop3", OFFER + "C STLS\nS +OK go", version, client_captured).get("requested") is True


@pytest.mark.parametrize("port", [110, 995])
def test_tls_from_the_first_byte(port: int) -> None:
    record = session_record(session(list(handshake("1.2")), POP3, port=port))
    assert (record["smtp"]["verdict"], record["event"]["dataset"]) == ("implicit_tls", "pop3.session")


def test_commands_behind_stls_are_injection() -> None:
    said = turns(OFFER + "C STLS|USER evil\nS +OK go") + list(handshake("1.2"))
    found = session(said, POP3, port=110)
    assert (found.judgement.verdict, words(found)) == ("tls", ["pipelined_after_starttls"])


def test_the_banner_names_host_and_software() -> None:
    smtp = session_record(session(PLAIN + MAIL, POP3, port=4110))["smtp"]
    assert (smtp["banner"], smtp["software"]) == ("+OK mx.example Dovecot ready.", "Dovecot")
    assert session(PLAIN + MAIL, POP3).seen.banner_host == "mx.example"
