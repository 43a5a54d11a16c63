"""One table of sessions: what each shows, and the one verdict that follows."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from sniffer.evidence import WORDS
from sniffer.observation import Attempt, Observation
from sniffer.session import observe, session_record
from sniffer.verdict import judge
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import SETTINGS, connection, session, turns, words

HELLO = "C EHLO c.example\n"
GREET = "S 220 mx.example ESMTP Postfix\n" + HELLO
OFFER = "S 250-mx.example|250-PIPELINING|250-SIZE 10240000|250-STARTTLS|250 8BITMIME\n"
PLAIN = "S 250-mx.example|250-PIPELINING|250 8BITMIME\n"
MAIL = """C MAIL FROM:<a@c.example>
S 250 2.1.0 Ok
C RCPT TO:<b@mx.example>
S 250 2.1.5 Ok
C DATA
S 354 go
C Subject: x||text|.
S 250 2.0.0 queued
C QUIT
S 221 bye
"""


def masked(word: str, beside: str = "") -> str:
    return f"S 250-mx.example|250-PIPELINING|{beside}250-{word}|250 8BITMIME\n"


CASES: list[tuple[str, str, dict[str, Any], str, dict[str, Any], list[str]]] = [
    # name, script, how the capture ends, verdict, fields, evidence
    (
        "offered and not asked",
        GREET + OFFER + MAIL,
        {},
        "cleartext_offered",
        {"offered": True, "requested": False, "ehlo": True, "mail": True},
        [],
    ),
    ("not offered", GREET + PLAIN + MAIL, {}, "cleartext_not_offered", {"offered": False, "requested": False}, []),
    ("a last line is an offer", GREET + "S 250-mx.example|250 StartTLS\n" + MAIL, {}, "cleartext_offered", {"offered": True}, []),
    ("an offer with parameters", GREET + "S 250-mx|250 STARTTLS REQUIRED\n" + MAIL, {}, "cleartext_offered", {"offered": True}, []),
    ("HELO only", "S 220 mx\nC HELO c\nS 250 mx\n" + MAIL, {}, "cleartext_not_offered", {"offered": False, "ehlo": False}, []),
    (
        "EHLO refused, HELO taken",
        GREET + "S 502 no\nC HELO c\nS 250 mx\n" + MAIL,
        {},
        "cleartext_not_offered",
        {"ehlo": False},
        ["ehlo_refused"],
    ),
    (
        "HELO taken, EHLO refused",
        "S 220 mx\nC HELO c\nS 250 mx\n" + HELLO + "S 503 no\n" + MAIL,
        {},
        "cleartext_not_offered",
        {"offered": False},
        ["ehlo_refused"],
    ),
    ("ends after the offer", GREET + OFFER + "C QUIT\nS 221 bye\n", {}, "cleartext_offered", {"mail": False}, []),
    ("LMTP", "S 220 mx LMTP\nC LHLO c\n" + OFFER + MAIL, {}, "cleartext_offered", {"ehlo": True}, []),
    (
        "the greeting pauses, as postscreen's does",
        "S 220-mx.example ESMTP Postfix\nS 220 mx.example ESMTP Postfix\n" + HELLO + OFFER + MAIL,
        {},
        "cleartext_offered",
        {"offered": True},
        [],
    ),
    (
        "EHLO before the greeting",
        HELLO + "S 220-mx.example wait|220 mx.example\n" + OFFER + MAIL,
        {},
        "cleartext_offered",
        {"offered": True},
        [],
    ),
    (
        "STARTTLS sent together with EHLO",
        "S 220 mx\nC EHLO c|STARTTLS\n" + OFFER + "S 454 no\n" + MAIL,
        {},
        "starttls_refused",
        {"code": 454},
        ["starttls_refused"],
    ),
    (
        "words of a chunk",
        GREET + PLAIN + "C MAIL FROM:<>\nS 250 ok\nC BDAT 20 LAST\nC~ XXXXXXXX|STARTTLS|\nS 250 ok\nC QUIT\nS 221 bye\n",
        {},
        "cleartext_not_offered",
        {"requested": False, "mail": True},
        [],
    ),
    # masked offers
    ("XXXXXXXX", GREET + masked("XXXXXXXX") + MAIL, {}, "stripped_offer", {"offered": False}, ["masked_offer"]),
    ("XXXXXXXA", GREET + masked("XXXXXXXA") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("XXXXXXXB", GREET + masked("XXXXXXXB") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("asterisks", GREET + masked("********") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("one letter off", GREET + masked("STARTTLX") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("first letter off", GREET + masked("XTARTTLS") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("half overwritten", GREET + masked("STARTXXX") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("blanks", GREET + masked("        ") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    ("a mask as last line", GREET + "S 250-mx|250 XXXXXXXX\n" + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    (
        "beside a real offer",
        GREET + masked("XXXXXXXX", "250-STARTTLS|") + MAIL,
        {},
        "cleartext_offered",
        {"offered": True},
        ["masked_word"],
    ),
    (
        "other masks",
        GREET + "S 250-mx|250-XXXB|250-XXXXXXXXXXXC|250 SIZE\n" + MAIL,
        {},
        "cleartext_not_offered",
        {},
        ["masked_word", "masked_word"],
    ),
    ("the greeting line is a name", GREET + "S 250-xxxxxxxx|250 SIZE\n" + MAIL, {}, "cleartext_not_offered", {}, []),
    ("a long name of x", GREET + "S 250-xxxxxxxxxxxxxxx2.xxx.com|250-STARTTLS|250 OK\n" + MAIL, {}, "cleartext_offered", {}, []),
    ("a single line that is masked", GREET + "S 250 XXXXXXXX\n" + MAIL, {}, "cleartext_not_offered", {}, []),
    (
        "masked, then offered",
        GREET + masked("XXXXXXXX") + HELLO + OFFER + MAIL,
        {},
        "cleartext_offered",
        {"offered": True},
        ["masked_offer"],
    ),
    (
        "offered, then masked",
        GREET + OFFER + HELLO + masked("XXXXXXXX") + MAIL,
        {},
        "cleartext_offered",
        {"offered": True},
        ["masked_offer"],
    ),
    ("offered, then not", GREET + OFFER + HELLO + PLAIN + MAIL, {}, "cleartext_offered", {"offered": True}, []),
    ("masked, then not", GREET + masked("XXXXXXXX") + HELLO + PLAIN + MAIL, {}, "stripped_offer", {"offered": False}, ["masked_offer"]),
    ("not, then masked", GREET + PLAIN + HELLO + masked("XXXXXXXX") + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    (
        "masked, offered, not",
        GREET + masked("XXXXXXXX") + HELLO + OFFER + HELLO + PLAIN + MAIL,
        {},
        "cleartext_offered",
        {},
        ["masked_offer"],
    ),
    (
        "the greeting line is called STARTTLS",
        GREET + "S 250-STARTTLS|250 SIZE\n" + MAIL,
        {},
        "cleartext_not_offered",
        {"offered": False},
        [],
    ),
    ("the only line is called STARTTLS", GREET + "S 250 STARTTLS\n" + MAIL, {}, "cleartext_not_offered", {"offered": False}, []),
    ("the greeting line is called AUTH", GREET + "S 250-AUTH|250 SIZE\n" + MAIL, {}, "cleartext_not_offered", {"auth_offered": False}, []),
    (
        "a mask beside a host called STARTTLS",
        GREET + "S 250-STARTTLS|250 XXXXXXXX\n" + MAIL,
        {},
        "stripped_offer",
        {"offered": False},
        ["masked_offer"],
    ),
    ("masked, then HELO", GREET + masked("XXXXXXXA") + "C HELO c\nS 250 mx\n" + MAIL, {}, "stripped_offer", {}, ["masked_offer"]),
    (
        "masked banner",
        "S 220 ***********************2***0*****\n" + HELLO + masked("XXXXXXXA") + MAIL,
        {},
        "stripped_offer",
        {},
        ["masked_banner", "masked_offer"],
    ),
    (
        "masked banner alone",
        "S 220 ***************************\nC HELO c\nS 250 mx\n" + MAIL,
        {},
        "cleartext_not_offered",
        {},
        ["masked_banner"],
    ),
    # masked commands
    (
        "command 500",
        GREET + OFFER + "C XXXXXXXX\nS 500 unknown\n" + MAIL,
        {},
        "stripped_command",
        {"offered": True, "requested": True},
        ["masked_command"],
    ),
    ("command 502", GREET + OFFER + "C XXXXXXXA\nS 502 unknown\n" + MAIL, {}, "stripped_command", {}, ["masked_command"]),
    ("command unanswered", GREET + OFFER + "C XXXXXXXX\n", {}, "stripped_command", {}, ["masked_command"]),
    (
        "both masked",
        GREET + masked("XXXXXXXX") + "C XXXXXXXX\nS 500 unknown\n" + MAIL,
        {},
        "stripped_command",
        {},
        ["masked_offer", "masked_command"],
    ),
    ("command taken", GREET + OFFER + "C XXXXXXXX\nS 250 why not\n" + MAIL, {}, "cleartext_offered", {}, ["masked_command"]),
    (
        "EHLO masked",
        "S 220 mx\nC XXXX c.example\nS 500 what\nC HELO c\nS 250 mx\n" + MAIL,
        {},
        "cleartext_not_offered",
        {"requested": False, "ehlo": False},
        ["masked_ehlo"],
    ),
    (
        "EHLO masked, STARTTLS tried all the same",
        "S 220 mx\nC XXXX c.example\nS 500 what\nC HELO c\nS 250 mx\nC STARTTLS\nS 502 no\n" + MAIL,
        {},
        "starttls_refused",
        {"requested": True},
        ["masked_ehlo", "starttls_refused"],
    ),
    ("EHLO masked, then nothing", "S 220 mx\nC XXXX c.example\nS 500 what\nC QUIT\nS 221 bye\n", {}, "incomplete", {}, ["no_reply"]),
    ("command behind a removed offer", GREET + PLAIN + "C XXXXXXXX\nS 500 what\n" + MAIL, {}, "stripped_command", {}, ["masked_command"]),
    (
        "command behind a RSET",
        GREET + PLAIN + "C MAIL FROM:<>\nS 250 ok\nC RSET\nS 250 ok\nC XXXXXXXX\nS 500 what\n" + MAIL,
        {},
        "stripped_command",
        {},
        ["masked_command"],
    ),
    (
        "command behind the demand for it",
        GREET + PLAIN + "C MAIL FROM:<>\nS 530 Must issue a STARTTLS command first\nC XXXXXXXX\nS 500 what\nC QUIT\nS 221 bye\n",
        {},
        "stripped_command",
        {},
        ["tls_required", "masked_command"],
    ),
    (
        "eight letters behind MAIL",
        GREET + PLAIN + "C MAIL FROM:<>\nS 250 ok\nC XXXXXXXX\nS 500 what\nC QUIT\nS 221 bye\n",
        {},
        "cleartext_not_offered",
        {"requested": False},
        ["masked_word"],
    ),
    (
        "eight letters behind RCPT, pipelined",
        GREET + PLAIN + "C MAIL FROM:<>|RCPT TO:<a>|XXXXXXXX\nS 250 ok|250 ok|500 what\nC QUIT\nS 221 bye\n",
        {},
        "cleartext_not_offered",
        {"requested": False},
        ["masked_word"],
    ),
    (
        "eight letters behind a message",
        GREET + PLAIN + MAIL.partition("C QUIT")[0] + "C XXXXXXXX\nS 500 what\nC QUIT\nS 221 bye\n",
        {},
        "cleartext_not_offered",
        {"requested": False},
        ["masked_word"],
    ),
    (
        "eight letters behind MAIL, masked offer",
        GREET + masked("XXXXXXXX") + MAIL.partition("C RCPT")[0] + "C XXXXXXXX\nS 500 what\nC QUIT\nS 221 bye\n",
        {},
        "stripped_command",
        {},
        ["masked_offer", "masked_command"],
    ),
    ("masked text in a message", GREET + OFFER + MAIL.replace("Subject: x", "XXXXXXXX|XXXXXXXA"), {}, "cleartext_offered", {}, []),
    (
        "masked text behind a refused DATA",
        GREET + OFFER + "C MAIL FROM:<>\nS 250 ok\nC DATA\nS 503 no\nC XXXXXXXX|.\nS 500 a|500 b\n",
        {},
        "cleartext_offered",
        {},
        [],
    ),
    (
        "masked word in a password prompt",
        GREET + OFFER + "C AUTH LOGIN\nS 334 x\nC XXXXXXXX\nS 535 no\n" + MAIL,
        {},
        "cleartext_offered",
        {"auth_used": True},
        [],
    ),
    # refused
    ("454", GREET + OFFER + "C STARTTLS\nS 454 not now\n" + MAIL, {}, "starttls_refused", {"code": 454}, ["starttls_refused"]),
    ("502 not offered", GREET + PLAIN + "C STARTTLS\nS 502 no\n" + MAIL, {}, "starttls_refused", {"offered": False}, ["starttls_refused"]),
    ("case and blanks", GREET + OFFER + "C  starttls \nS 454 no\n", {}, "starttls_refused", {}, ["starttls_refused"]),
    (
        "malformed",
        GREET + OFFER + "C STARTTLS now\nS 501 syntax\n" + MAIL,
        {},
        "cleartext_offered",
        {"requested": True, "code": 501},
        ["starttls_malformed", "starttls_refused"],
    ),
    (
        "malformed without an offer",
        GREET + PLAIN + "C STARTTLS now\nS 501 syntax\n" + MAIL,
        {},
        "cleartext_not_offered",
        {"requested": True, "code": 501},
        ["starttls_malformed", "starttls_refused"],
    ),
    (
        "malformed, then well-formed and refused",
        GREET + OFFER + "C STARTTLS now\nS 501 syntax\nC STARTTLS\nS 454 no\n" + MAIL,
        {},
        "starttls_refused",
        {"code": 454},
        ["starttls_malformed", "starttls_refused", "starttls_refused"],
    ),
    (
        "well-formed and refused, then malformed",
        GREET + OFFER + "C STARTTLS\nS 454 no\nC STARTTLS now\nS 501 syntax\n" + MAIL,
        {},
        "starttls_refused",
        {"code": 501},
        ["starttls_refused", "starttls_malformed", "starttls_refused"],
    ),
    (
        "malformed and taken",
        GREET + OFFER + "C STARTTLS now\nS 220 go\n",
        {},
        "tls_failed",
        {"code": 220},
        ["starttls_malformed", "closed"],
    ),
    (
        "refused beats masked",
        GREET + masked("XXXXXXXX") + "C STARTTLS\nS 500 no\n" + MAIL,
        {},
        "starttls_refused",
        {},
        ["masked_offer", "starttls_refused"],
    ),
    (
        "demanded",
        GREET + OFFER + "C MAIL FROM:<>\nS 530 5.7.0 Must issue a STARTTLS command first\nC QUIT\nS 221 bye\n",
        {},
        "cleartext_offered",
        {},
        ["tls_required"],
    ),
    # accepted, and no TLS
    ("closed", GREET + OFFER + "C STARTTLS\nS 220 go\n", {}, "tls_failed", {"established": False}, ["closed"]),
    ("reset", GREET + OFFER + "C STARTTLS\nS 220 go\n", {"reset_by": "client"}, "tls_failed", {}, ["reset"]),
    ("silence", GREET + OFFER + "C STARTTLS\nS 220 go\n", {"client_end": "open", "server_end": "open"}, "tls_failed", {}, ["silence"]),
    ("garbage", GREET + OFFER + "C STARTTLS\nS 220 go\nC= 00ff00ff00ff00ff\n", {}, "tls_failed", {}, ["garbage"]),
    (
        "decrypted",
        GREET + OFFER + "C STARTTLS\nS 220 go\n" + HELLO + PLAIN + MAIL,
        {},
        "tls_failed",
        {"offered": True, "established": None, "mail": None},
        ["clear_after_accept"],
    ),
    ("anonymous", GREET + OFFER + "C X-ANONYMOUSTLS\nS 220 go\n", {}, "tls_failed", {"requested": True}, ["anonymous_tls", "closed"]),
    # what cannot be judged
    ("no reply to STARTTLS", GREET + OFFER + "C STARTTLS\n", {}, "incomplete", {"requested": True, "code": None}, ["starttls_unanswered"]),
    ("no reply to EHLO", GREET, {}, "incomplete", {"offered": None}, ["no_reply"]),
    ("banner only", "S 220 mx\n", {}, "incomplete", {"offered": None, "requested": False}, ["no_reply"]),
    ("refusing banner", "S 554 go away\nC QUIT\nS 221 bye\n", {}, "incomplete", {}, ["greeting_refused", "no_reply"]),
    ("421", "S 421 too busy\n", {}, "incomplete", {}, ["greeting_refused", "no_reply"]),
    (
        "client only",
        GREET + OFFER + MAIL,
        {"server_captured": False},
        "incomplete",
        {"offered": None, "ehlo": None},
        ["server_not_captured", "no_reply"],
    ),
    (
        "server only, mail taken",
        GREET + OFFER + MAIL,
        {"client_captured": False},
        "cleartext_offered",
        {"requested": None, "mail": True},
        [],
    ),
    (
        "server only, mail not seen",
        GREET + OFFER,
        {"client_captured": False},
        "incomplete",
        {"offered": True, "requested": None},
        ["client_not_captured"],
    ),
    ("server only, masked", GREET + masked("XXXXXXXX") + MAIL, {"client_captured": False}, "stripped_offer", {}, ["masked_offer"]),
    ("server only, HELO", "S 220 mx\nC HELO c\nS 250 mx\n" + MAIL, {"client_captured": False}, "cleartext_not_offered", {}, []),
    (
        "server only, refused",
        GREET + OFFER + "C STARTTLS\nS 454 no\n" + MAIL,
        {"client_captured": False},
        "incomplete",
        {},
        ["client_not_captured"],
    ),
    # loss
    (
        "mask cut in its word",
        GREET + "S~ 250-mx|250-XXXXXX\n",
        {"server_end": "gap"},
        "incomplete",
        {"offered": None},
        ["loss_server", "no_reply"],
    ),
    (
        "mask whole, reply cut",
        GREET + "S~ 250-mx|250-XXXXXXXX|250-SI\n",
        {"server_end": "gap"},
        "incomplete",
        {"offered": None},
        ["loss_server", "no_reply"],
    ),
    (
        "offer whole, reply cut",
        GREET + "S~ 250-mx|250-STARTTLS|250-SI\n",
        {"server_end": "gap"},
        "cleartext_offered",
        {"offered": True},
        [],
    ),
    ("client lost behind a mask", GREET + masked("XXXXXXXX"), {"client_end": "gap"}, "incomplete", {}, ["masked_offer", "loss_client"]),
    ("client lost behind an offer", GREET + OFFER, {"client_end": "gap"}, "incomplete", {"offered": True}, ["loss_client"]),
    (
        "client lost behind MAIL",
        GREET + masked("XXXXXXXX") + "C MAIL FROM:<>\nS 250 ok\n",
        {"client_end": "gap"},
        "stripped_offer",
        {},
        ["masked_offer"],
    ),
    (
        "message longer than the head",
        GREET + OFFER + "C MAIL FROM:<>\nS 250 ok\nC DATA\nS 354 go\nC Subject: long\n",
        {"client_end": "limit"},
        "cleartext_offered",
        {"mail": True},
        [],
    ),
    ("second EHLO swallowed", GREET + masked("XXXXXXXX") + HELLO, {"server_end": "gap"}, "incomplete", {}, ["masked_offer", "loss_server"]),
    (
        "reply to a mask swallowed",
        GREET + OFFER + "C XXXXXXXX\n",
        {"server_end": "gap"},
        "incomplete",
        {},
        ["masked_command", "loss_server"],
    ),
    (
        "reply to STARTTLS swallowed",
        GREET + OFFER + "C STARTTLS\n",
        {"server_end": "gap"},
        "incomplete",
        {},
        ["starttls_unanswered", "loss_server"],
    ),
    (
        "a late start in a message",
        "C XXXXXXXX|XXXXXXXX\nS 500 no\nC QUIT\nS 221 bye\n",
        {"from_start": False},
        "incomplete",
        {},
        ["late_start", "no_reply"],
    ),
    ("a late start before EHLO", GREET + OFFER + MAIL, {"from_start": False}, "cleartext_offered", {"offered": True}, []),
    ("a late start after EHLO", OFFER + MAIL, {"from_start": False}, "cleartext_offered", {"offered": True}, []),
    (
        "a late start at the offer itself",
        "S 250-STARTTLS|250-SIZE|250 8BITMIME\n" + MAIL,
        {"from_start": False},
        "cleartext_offered",
        {"offered": True},
        [],
    ),
    (
        "a late start inside the reply",
        "S 250-SIZE|250-DSN|250 8BITMIME\n" + MAIL,
        {"from_start": False},
        "incomplete",
        {"offered": None},
        ["late_start"],
    ),
    (
        "a late start between the offer and another mask",
        "S 250-SIZE|250-XXXXXXXX|250-DSN|250 8BITMIME\n" + MAIL,
        {"from_start": False},
        "incomplete",
        {"offered": None},
        ["masked_offer", "late_start"],
    ),
]
FIELDS = {
    "offered": ("starttls", "offered"),
    "requested": ("starttls", "requested"),
    "code": ("starttls", "reply_code"),
    "ehlo": ("ehlo",),
    "mail": ("mail_in_clear",),
    "auth_used": ("auth", "used_in_clear"),
    "auth_offered": ("auth", "offered_in_clear"),
}


@pytest.mark.parametrize(("script", "ends", "verdict", "fields", "evidence"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_verdicts(script: str, ends: dict[str, Any], verdict: str, fields: dict[str, Any], evidence: list[str]) -> None:
    found = session(script, **ends)
    assert found.judgement.verdict == verdict
    assert words(found) == evidence
    record = session_record(found)
    for name, wanted in fields.items():
        value: Any = record.get("tls", {}).get("established") if name == "established" else record["smtp"]
        for key in FIELDS.get(name, ()):
            value = value.get(key) if value is not None else None
        assert value == wanted, name


def test_a_refusal_that_a_late_client_may_have_had_leaves_it_open() -> None:
    """The server's side is whole, the client's begins at MAIL: the 454 may have answered a STARTTLS, though it was seen later."""
    found = connection(turns(GREET + OFFER + MAIL.replace("S 250", "S 454 4.7.0 no TLS now|250", 1)))
    begins = found.client.data.index(b"MAIL")
    marks = tuple((at - begins, time) for at, time in found.client.marks if at >= begins)
    late = replace(found, client=replace(found.client, data=found.client.data[begins:], marks=marks, from_start=False))
    seen = observe(late, SETTINGS)
    assert seen is not None
    assert (seen.judgement.verdict, words(seen)) == ("incomplete", ["loss_client"])


def test_a_capture_that_ends_amid_the_handshake_tells_nothing() -> None:
    hello = list(handshake("1.2")[:1])
    script = turns(GREET + OFFER + "C STARTTLS\nS 220 go") + hello
    for end, verdict, word in (("cut", "incomplete", "capture_ended"), ("open", "tls_failed", "silence"), ("fin", "tls_failed", "closed")):
        found = session(script, client_end=end, server_end=end)
        assert (found.judgement.verdict, words(found)) == (verdict, [word])
    assert "established" not in session_record(session(script, client_end="cut", server_end="cut"))["tls"]


def test_every_case_has_its_own_name() -> None:
    names = [case[0] for case in CASES]
    assert len(set(names)) == len(names)


def test_every_word_of_the_cases_is_in_the_table() -> None:
    assert {word for case in CASES for word in case[5]} <= set(WORDS)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, "incomplete"),
        ({"offered": True}, "cleartext_offered"),
        ({"offered": False}, "cleartext_not_offered"),
        ({"offered": False, "masked_offer": True}, "stripped_offer"),
        ({"offered": True, "masked_command": True, "masked_offer": True}, "stripped_command"),
        ({"offered": True, "attempts": (Attempt(True, 454, refused=True),)}, "starttls_refused"),
        ({"offered": True, "attempts": (Attempt(True, 454, refused=True), Attempt(True))}, "incomplete"),
        ({"offered": True, "attempts": (Attempt(True, 454, refused=True), Attempt(True, 220, True))}, "incomplete"),
        ({"offered": True, "attempts": (Attempt(True, 220, True),), "clear_after_accept": True}, "tls_failed"),
        ({"offered": True, "client_lost": True}, "incomplete"),
        ({"offered": False, "masked_offer": True, "client_lost_before_mail": True}, "incomplete"),
        ({"implicit": True}, "implicit_tls"),
    ],
)
def test_rules_need_nothing_but_an_observation(facts: dict[str, Any], verdict: str) -> None:
    assert judge(Observation(**facts)).verdict == verdict
