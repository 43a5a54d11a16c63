"""Which reply answers which command, whatever stands between them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sniffer.smtp.walk import Walk
from tests.sniffer.playbook import connection, turns

BEGIN = "S 220 mx\nC EHLO c\nS 250 mx\n"


def pairs(script: str) -> list[tuple[str, int | None]]:
    walk = Walk(connection(turns(script))).run()
    return [(exchange.verb, exchange.reply.code if exchange.reply else None) for exchange in walk.exchanges][1:]


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        (
            "C MAIL FROM:<>|RCPT TO:<a>|DATA\nS 250 a|550 b|354 c\nC x|.|QUIT\nS 250 d|221 e",
            [("MAIL", 250), ("RCPT", 550), ("DATA", 354), (".", 250), ("QUIT", 221)],
        ),
        ("C DATA\nS 354 go\nC .\nS 250 empty\nC QUIT\nS 221 e", [("DATA", 354), (".", 250), ("QUIT", 221)]),
        ("C DATA\nS 354 go\nC x|..|QUIT|.\nS 250 ok\nC NOOP\nS 252 e", [("DATA", 354), (".", 250), ("NOOP", 252)]),
        ("C\\n DATA\nS 354 go\nC\\n x|.\nS 250 ok\nC\\n QUIT\nS 221 e", [("DATA", 354), (".", 250), ("QUIT", 221)]),
        ("C DATA\nS 354 go\nC~ x\nC\\n |.|smuggled\nC |.\nS 250 ok\nC QUIT\nS 221 e", [("DATA", 354), (".", 250), ("QUIT", 221)]),
        ("C DATA\nS 354 go\nC\\n x|.\nS 250 ok\nC QUIT\nS 221 e", [("DATA", 354), (".", 250), ("QUIT", 221)]),
        ("C DATA\nS 503 no\nC QUIT\nS 221 e", [("DATA", 503), ("QUIT", 221)]),
        ("C BDAT 6\nC~ QUIT|\nC BDAT 0 LAST\nS 250 a|251 b\nC QUIT\nS 221 e", [("BDAT", 250), ("BDAT", 251), ("QUIT", 221)]),
        (
            "C AUTH LOGIN\nS 334 a\nC QUIT\nS 334 b\nC RSET\nS 235 ok\nC NOOP\nS 250 e",
            [("AUTH", 334), ("(auth)", 334), ("(auth)", 235), ("NOOP", 250)],
        ),
        ("C XEXCH50 6 2\nS 354 go\nC~ QUIT|\nS 250 ok\nC QUIT\nS 221 e", [("XEXCH50", 354), (".", 250), ("QUIT", 221)]),
        ("C  \nC NOOP\nS 250 ok", [("NOOP", 250)]),
        ("C  \nS 500 what\nC NOOP\nS 250 ok", [("", 500), ("NOOP", 250)]),
        ("C noop|noOP x\nS 250-a|250 b|251 c", [("NOOP", 250), ("NOOP", 251)]),
    ],
)
def test_pairs(script: str, wanted: list[tuple[str, int | None]]) -> None:
    assert pairs(BEGIN + script) == wanted


def test_a_line_that_is_no_known_command_is_answered_all_the_same() -> None:
    walk = Walk(connection(turns(BEGIN + "C XXXXXXXX\nS 502 what"))).run()
    (unknown,) = walk.exchanges[1:]
    assert (unknown.verb, unknown.known) == ("XXXXXXXX", False)
    assert unknown.reply and unknown.reply.code == 502


def test_text_of_a_message_is_no_command() -> None:
    walk = Walk(connection(turns(BEGIN + "C DATA\nS 354 go\nC XXXXXXXX|more|.\nS 250 ok\nC QUIT\nS 221 bye"))).run()
    assert walk.greeting is not None
    assert [exchange.verb for exchange in walk.exchanges] == ["EHLO", "DATA", ".", "QUIT"]
    assert walk.message_sent


def test_replies_from_before_the_first_command_are_set_aside() -> None:
    walk = Walk(connection(turns("S 250 ok\nC QUIT\nS 221 bye"), from_start=False)).run()
    assert [reply.code for reply in walk.prelude] == [250]
    assert [(exchange.verb, exchange.reply and exchange.reply.code) for exchange in walk.exchanges] == [("QUIT", 221)]


def test_lmtp_answers_each_recipient() -> None:
    begin = "S 220 mx\nC LHLO c\nS 250 mx\nC MAIL FROM:<>|RCPT TO:<a>|RCPT TO:<b>|RCPT TO:<c>|DATA\n"
    script = begin + "S 250 m|250 a|550 b|250 c|354 go\nC x|.\nS 250 a|452 c\nC QUIT\nS 221 e"
    assert pairs(script)[4:] == [("DATA", 354), (".", 250), (".", 452), ("QUIT", 221)]


def test_the_walk_ends_where_starttls_is_taken() -> None:
    walk = Walk(connection(turns(BEGIN + "C STARTTLS|NOOP\nS 220 go|250 x"))).run()
    assert walk.accepted and walk.accepted.code == 220
    assert walk.client_position == len(b"EHLO c\r\nSTARTTLS\r\n")
    assert walk.server_position == len(b"220 mx\r\n250 mx\r\n220 go\r\n")


@pytest.mark.parametrize(("shift", "out_of_step"), [(0, False), (1, True)])
def test_replies_one_command_early_show_that_ehlos_own_was_not_captured(shift: int, out_of_step: bool) -> None:
    """The server's side begins late, and MAIL was seen once more after the reply to it."""
    replies = ["250 mx", "250 a", "250 b", "354 c", "250 d"][shift:]
    whole = connection(turns("C EHLO c\nS " + "\nC MAIL FROM:<>|RCPT TO:<a>|DATA|x|.\nS ".join((replies[0], "|".join(replies[1:])))))
    walk = Walk(replace(whole, server=replace(whole.server, from_start=False))).run()
    assert walk.greeting_out_of_step is out_of_step


def test_a_greeting_of_several_lines_may_pause() -> None:
    walk = Walk(connection(turns("S 220-mx wait\nS 220 mx\nC EHLO c\nS 250 mx"))).run()
    assert walk.greeting and walk.greeting.raw.count(b"\n") == 2
    assert walk.exchanges[0].reply and walk.exchanges[0].reply.code == 250


@pytest.mark.parametrize(
    "script",
    [
        "C EHLO c\nS 220 mx\nS 250 mx\nC MAIL FROM:<>\nS 550 no",  # the greeting is seen late
        "S 220 mx\nS 250 mx\nC EHLO c\nC MAIL FROM:<>\nS 550 no",  # and here the command
    ],
)
def test_directions_out_of_step_are_paired_by_what_they_say(script: str) -> None:
    """The server's SYN was lost, so its first captured byte may be any."""
    whole = connection(turns(script))
    walk = Walk(replace(whole, server=replace(whole.server, from_start=False))).run()
    assert walk.greeting and walk.greeting.code == 220
    assert [(exchange.verb, exchange.reply and exchange.reply.code) for exchange in walk.exchanges] == [("EHLO", 250), ("MAIL", 550)]
