"""One table of IMAP sessions: what each shows, and the one verdict that follows."""

from __future__ import annotations

from typing import Any

import pytest

from sniffer.session import session_record
from tests.sniffer.access.cases import Case, assert_case, assert_upgraded, only
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import session, turns, words

IMAP = only("imap")
GREET = "S * OK mx.example Cyrus IMAP ready\n"
CAPA = GREET + "C a1 CAPABILITY\n"
OFFER = CAPA + "S * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN|a1 OK done\n"
PLAIN = CAPA + "S * CAPABILITY IMAP4rev1 AUTH=PLAIN|a1 OK done\n"
LOGIN = "C a2 LOGIN bob secret\nS a2 OK [CAPABILITY IMAP4rev1 IDLE] bob is in\n"
MAIL = (
    LOGIN + "C a3 SELECT INBOX\nS * 1 EXISTS|a3 OK\n"
    "C a4 FETCH 1 BODY[]\nS * 1 FETCH (BODY[] {14}|a STARTTLS b|)|a4 OK\nC a5 LOGOUT\nS * BYE|a5 OK\n"
)


def masked(word: str, beside: str = "") -> str:
    return CAPA + f"S * CAPABILITY IMAP4rev1 {beside}{word} AUTH=PLAIN|a1 OK done\n"


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
    (
        "offered in the greeting",
        "S * OK [CAPABILITY IMAP4rev1 starttls] hi\n" + LOGIN,
        {},
        "cleartext_offered",
        {"offered": True, "auth": True},
        [],
    ),
    (
        "offered in the answer's brackets",
        CAPA + "S a1 OK [CAPABILITY IMAP4rev1 STARTTLS] x\n" + LOGIN,
        {},
        "cleartext_offered",
        {"mail": False},
        [],
    ),
    ("not offered", PLAIN + MAIL, {}, "cleartext_not_offered", {"offered": False, "auth": True}, []),
    ("no list asked for", GREET + MAIL, {}, "cleartext_not_offered", {"offered": False, "auth": None, "mail": True, "listed": False}, []),
    (
        "what is offered behind the login is another matter",
        GREET + "C a LOGIN b c\nS * CAPABILITY IMAP4rev1 STARTTLS XXXXXXXX|a OK [CAPABILITY STARTTLS] in\nC b LOGOUT\nS b OK\n",
        {},
        "cleartext_not_offered",
        {"offered": False},
        [],
    ),
    (
        "what is listed with a refused login counts",
        GREET + "C a LOGIN b c\nS * CAPABILITY IMAP4rev1 STARTTLS|a NO in\nC b LOGOUT\nS b OK\n",
        {},
        "cleartext_offered",
        {"used": True},
        [],
    ),
    ("pipelined", GREET + "C a CAPABILITY|b LOGIN c d|e LOGOUT\nS * CAPABILITY STARTTLS|a OK|b OK|e OK\n", {}, "cleartext_offered", {}, []),
    (
        "out of order",
        GREET + "C a CAPABILITY|b STARTTLS\nS * CAPABILITY STARTTLS|a OK|b NO\n",
        {},
        "starttls_refused",
        {},
        ["starttls_refused"],
    ),
    (
        "a password in a literal",
        OFFER + "C a2 LOGIN {3}\nS + go\nC bob {6}\nS + go\nC secret\nS a2 OK\n",
        {},
        "cleartext_offered",
        {"used": True},
        [],
    ),
    ("a literal that waits for nothing", OFFER + "C a2 LOGIN {3+}|bob {12+}|a3 STARTTLS|\nS a2 OK\n", {}, "cleartext_offered", {}, []),
    (
        "a literal that is refused",
        OFFER + "C a2 LOGIN {3}\nS a2 BAD no\nC a3 STARTTLS\nS a3 NO\n",
        {},
        "starttls_refused",
        {},
        ["starttls_refused"],
    ),
    ("SASL", OFFER + "C a2 AUTHENTICATE PLAIN\nS + \nC AGJvYgBzZWNyZXQ=\nS a2 OK in\n", {}, "cleartext_offered", {"used": True}, []),
    (
        "SASL at once",
        OFFER + "C a2 AUTHENTICATE PLAIN AGJvYgBz\nS a2 NO\nC b LOGOUT\nS b OK\n",
        {},
        "cleartext_offered",
        {"used": True},
        [],
    ),
    (
        "SASL cancelled",
        OFFER + "C a2 AUTHENTICATE PLAIN\nS + \nC *\nS a2 BAD no\nC b LOGOUT\nS b OK\n",
        {},
        "cleartext_offered",
        {"used": False},
        [],
    ),
    ("a message is stored", OFFER + LOGIN + "C a APPEND x {3}\nS + go\nC abc\nS a OK\n", {}, "cleartext_offered", {"mail": True}, []),
    ("greeting and farewell", GREET + "C a LOGOUT\nS * BYE|a OK\n", {}, "incomplete", {"offered": None}, ["no_reply"]),
    ("banner only", GREET, {}, "incomplete", {"offered": None, "requested": False}, ["no_reply"]),
    ("refusing banner", "S * BYE go away\n", {}, "incomplete", {}, ["greeting_refused", "no_reply"]),
    (
        "logged in by the greeting",
        "S * PREAUTH in\nC a CAPABILITY\nS * CAPABILITY IMAP4rev1|a OK\n",
        {},
        "cleartext_not_offered",
        {"offered": False},
        ["preauthenticated"],
    ),
    (
        "no login before TLS",
        CAPA + "S * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED|a1 OK\nC b LOGOUT\nS b OK\n",
        {},
        "cleartext_offered",
        {"auth": False},
        ["login_disabled"],
    ),
    # masked offers
    ("XXXXXXXX", masked("XXXXXXXX") + MAIL, {}, "stripped_offer", {"offered": False}, ["masked_offer"]),
    ("XXXXXXXA", masked("XXXXXXXA") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("asterisks", masked("********") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("blanks", masked("        ") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("one letter off", masked("STARTTLX") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("in the greeting", "S * OK [CAPABILITY IMAP4rev1 XXXXXXXX] hi\n" + LOGIN, {}, "stripped_offer", {}, ["masked_offer"]),
    ("beside a real offer", masked("XXXXXXXX", "STARTTLS ") + MAIL, {}, "cleartext_offered", {"offered": True}, ["masked_word"]),
    ("another length", masked("XXXXXXXXX") + MAIL, {}, "cleartext_not_offered", {}, ["masked_word"]),
    (
        "masked in the greeting, offered when asked",
        "S * OK [CAPABILITY XXXXXXXX] hi\n" + OFFER[len(GREET) :] + LOGIN,
        {},
        "cleartext_offered",
        {"offered": True},
        ["masked_offer"],
    ),
    # masked commands
    ("masked command", OFFER + "C a2 XXXXXXXX\nS a2 BAD what\n" + LOGIN, {}, "stripped_command", {"requested": True}, ["masked_command"]),
    ("masked command, offer removed", PLAIN + "C a2 xxxxxxxa\nS a2 BAD what\n" + LOGIN, {}, "stripped_command", {}, ["masked_command"]),
    (
        "masked command, answered without its tag",
        OFFER + "C a2 XXXXXXXX\nS * BAD what\n" + LOGIN.replace("a2", "a3"),
        {},
        "stripped_command",
        {},
        ["masked_command"],
    ),
    ("both masked", masked("XXXXXXXX") + "C b ********\nS b BAD\n" + LOGIN, {}, "stripped_command", {}, ["masked_offer", "masked_command"]),
    ("a masked command that is taken", OFFER + "C b XXXXXXXX\nS b OK\n" + LOGIN, {}, "cleartext_offered", {}, ["masked_command"]),
    (
        "eight letters behind a refused login",
        PLAIN + "C a LOGIN b c\nS a NO wrong\nC b XXXXXXXX\nS b BAD\nC c LOGOUT\nS c OK\n",
        {},
        "cleartext_not_offered",
        {"requested": False},
        ["masked_word"],
    ),
    ("eight letters as a password", PLAIN + "C a LOGIN b XXXXXXXX\nS a OK\n", {}, "cleartext_not_offered", {}, []),
    ("eight letters to a challenge", PLAIN + "C a AUTHENTICATE X\nS + \nC a XXXXXXXX\nS a OK\n", {}, "cleartext_not_offered", {}, []),
    # refused, failed
    ("refused", OFFER + "C a2 STARTTLS\nS a2 NO not now\n" + LOGIN, {}, "starttls_refused", {"code": None}, ["starttls_refused"]),
    ("unknown", PLAIN + "C a2 STARTTLS\nS a2 BAD what\n" + LOGIN, {}, "starttls_refused", {"offered": False}, ["starttls_refused"]),
    (
        "malformed",
        OFFER + "C b STARTTLS now\nS b BAD what\n" + LOGIN,
        {},
        "cleartext_offered",
        {"requested": True},
        ["starttls_malformed", "starttls_refused"],
    ),
    ("closed", OFFER + "C a2 STARTTLS\nS a2 OK go\n", {}, "tls_failed", {"established": False, "mail": False}, ["closed"]),
    ("garbage", OFFER + "C a2 STARTTLS\nS a2 OK go\nC= 00ff00ff00ff00ff\n", {}, "tls_failed", {}, ["garbage"]),
    (
        "decrypted",
        OFFER + "C b STARTTLS\nS b OK go\n" + MAIL,
        {},
        "tls_failed",
        {"established": None, "mail": None},
        ["clear_after_accept"],
    ),
    (
        "demanded",
        OFFER + "C a LOGIN b c\nS * BAD [ALERT] no|a NO [PRIVACYREQUIRED] Plaintext authentication disallowed\nC b LOGOUT\nS b OK\n",
        {},
        "cleartext_offered",
        {"used": True},
        ["tls_required"],
    ),
    # what cannot be judged
    ("unanswered", OFFER + "C a2 STARTTLS\n", {}, "incomplete", {"requested": True}, ["starttls_unanswered"]),
    (
        "list cut in its mask",
        CAPA + "S~ * CAPABILITY IMAP4rev1 XXXXX\n",
        {"server_end": "gap"},
        "incomplete",
        {},
        ["loss_server", "no_reply"],
    ),
    (
        "list whole, its answer cut",
        CAPA + "S~ * CAPABILITY IMAP4rev1 STARTTLS|a1 O\n" + "C a2 LOGIN b c\n",
        {"server_end": "gap"},
        "cleartext_offered",
        {"offered": True},
        [],
    ),
    (
        "mask whole, its answer cut",
        CAPA + "S~ * CAPABILITY IMAP4rev1 XXXXXXXX|a1 O\n" + "C a2 LOGIN b c\n",
        {"server_end": "gap"},
        "incomplete",
        {"offered": None},
        ["loss_server", "no_reply"],
    ),
    ("client lost behind a mask", masked("XXXXXXXX"), {"client_end": "gap"}, "incomplete", {}, ["masked_offer", "loss_client"]),
    ("client lost behind the login", masked("XXXXXXXX") + LOGIN, {"client_end": "gap"}, "stripped_offer", {}, ["masked_offer"]),
    (
        "second list swallowed",
        masked("XXXXXXXX") + "C b CAPABILITY\n",
        {"server_end": "gap"},
        "incomplete",
        {},
        ["masked_offer", "loss_server"],
    ),
    ("client only", OFFER + MAIL, {"server_captured": False}, "incomplete", {"offered": None}, ["server_not_captured", "no_reply"]),
    ("server only", OFFER + MAIL, {"client_captured": False}, "incomplete", {"offered": True}, ["client_not_captured"]),
    ("a late start", "C b NOOP\nS b OK\nC c LOGOUT\nS c OK\n", {"from_start": False}, "incomplete", {}, ["late_start", "no_reply"]),
    ("a late start before the list", OFFER + MAIL, {"from_start": False}, "cleartext_offered", {"offered": True}, []),
    ("a late start before a mask", masked("XXXXXXXX") + MAIL, {"from_start": False}, "incomplete", {}, ["masked_offer", "late_start"]),
]


@pytest.mark.parametrize("case", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_verdicts(case: Case) -> None:
    assert_case("imap", case)


@pytest.mark.parametrize(("version", "client_captured"), [("1.0", True), ("1.2", True), ("1.3", True), ("1.2", False)])
def test_starttls_leads_to_tls(version: str, client_captured: bool) -> None:
    found = assert_upgraded("imap", OFFER + "C a2 STARTTLS\nS a2 OK go", version, client_captured)
    assert found == {"offered": True, "requested": True}


@pytest.mark.parametrize("port", [143, 993])
def test_tls_from_the_first_byte(port: int) -> None:
    record = session_record(session(list(handshake("1.2")), IMAP, port=port))
    assert (record["smtp"]["verdict"], record["event"]["dataset"]) == ("implicit_tls", "imap.session")


def test_commands_behind_starttls_are_injection() -> None:
    said = turns(OFFER + "C b STARTTLS|c LOGIN evil x\nS b OK go") + list(handshake("1.2"))
    found = session(said, IMAP, port=143)
    assert (found.judgement.verdict, words(found)) == ("tls", ["pipelined_after_starttls"])


def test_the_banner_names_host_and_software() -> None:
    found = session("S * OK [CAPABILITY IMAP4rev1] mx.example Cyrus IMAP v3 ready\n" + LOGIN, IMAP, port=4143)
    assert (found.seen.banner_host, found.seen.software) == ("mx.example", "Cyrus")
