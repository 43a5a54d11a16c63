"""A line that is written from a form is the line that the ordinary way writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.forms.known import Forms
from sniffer.forms.said import Said, asked_for_tls, mailed_in_clear
from sniffer.lines import SessionLines
from sniffer.session import observe, session_json
from sniffer.settings import BEGINNING, EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, End
from sniffer.weird import Weird
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import SETTINGS, Turns, connection, turns

OPEN = "S 220 mx.example ESMTP Postfix\nC EHLO c.example\n"
OFFER = "S 250-mx.example|250-SIZE|250-STARTTLS|250 8BITMIME\n"
MASK = "S 250-mx.example|250-XXXXXXXA|250-XXXB|250 AUTH LOGIN\n"
MAIL = "C MAIL FROM:<a@b> SIZE=9\nS 250 ok\nC RCPT TO:<c@d>\nS 250 ok\n"
TWO = MAIL + "C RCPT TO:<e@f>\nS 251 will tell g@h\n"
DATA = "C DATA\nS 354 go on, i@j\nC Subject: x|STARTTLS|.\nS 250 ok\n"
CHUNK = "C BDAT 19 LAST|Subject: x||k|\nS 250 2.0.0 queued as 100%\n"
BYE = "C QUIT\nS 221 bye\n"
ASKED = "C STARTTLS\nS 220 go on\n"
ALERT, WARNING = b"\x15\x03\x03\x00\x02\x02\x28", b"\x15\x03\x01\x00\x02\x01\x5a"
HELLO = handshake("1.2")[0]
FAILED: list[Turns] = [
    [*turns(OPEN + OFFER + ASKED), HELLO, (False, ALERT)],
    [*turns(OPEN + MASK + ASKED), HELLO, (False, WARNING + ALERT)],
    [*turns(OPEN + OFFER + ASKED), *handshake("1.2")[:2], (True, ALERT)],
    [*turns(OPEN + OFFER + ASKED), *handshake("1.3")[:2], (True, ALERT), (False, WARNING)],
]
"""Handshakes that fail by an alert."""
FORMS: list[Turns] = [
    *[turns(OPEN + OFFER + ASKED) + list(handshake(version)) for version in ("1.0", "1.2", "1.3")],
    [*turns(OPEN.replace("EHLO", "ehlo") + OFFER + ASKED.replace("STARTTLS", "startTLS")), *handshake("1.2")],
    [*turns(OPEN + MASK + ASKED), *handshake("1.3")],
    turns(OPEN + OFFER + TWO + DATA + BYE),
    turns(OPEN + MASK + MAIL + DATA),
    turns(OPEN + OFFER + MAIL.replace("a@b", "") + DATA + BYE),
    turns(OPEN + MASK + MAIL + CHUNK + BYE),
    turns(OPEN + OFFER + "C STARTTLS\nS 454 4.7.0 TLS not available\n" + MAIL + DATA + BYE),
    turns(OPEN + OFFER + "C XXXXXXXX\nS 500 5.5.1 Unknown: XXXXXXXX\n" + MAIL + DATA + BYE),
    turns(OPEN.replace("EHLO", "HELO") + "S 250 mx.example\n" + MAIL.replace(" SIZE=9", "") + DATA + BYE),
    turns('S 220 % "\\ é <x@y> *** mx\nC EHLO [192.0.2.1]\nS 250-% z@z \\"|250 HELP\n' + MAIL + DATA + BYE),
    [(sent, data.replace(b"250-mx.example\r\n", b"250-mx.example\r\r\n")) for sent, data in turns(OPEN + OFFER + MAIL + DATA + BYE)],
    *FAILED,
]
IMPLICIT: list[Turns] = [list(handshake(version)) for version in ("1.2", "1.3")]
ODD = [
    *(b"", b"\r", b"\n", b"\r\n", b".\r\n", b"\r\n.\r\n", b" ", b"\0", b"\xff", b"%s", b'"', b"\\"),
    *(b"250 ok\r\n", b"250-", b"250 ", b"220 go\r\n", b"530 TLS\r\n", b"354 x\r\n", b"220-x\r\n", b"STARTTLS", b"a@b"),
    *(b"XXXXXXXX\r\n", b"RCPT TO:<x>\r\n", b"DATA\r\n", b"QUIT\r\n", b"STARTTLS\r\n", b"PROXY TCP4 a b 1 2\r\n", b"BDAT 3 LAST\r\n"),
    *(b"\x16\x03\x01\x00\x05", b"\x15\x03\x03\x00\x02\x02\x28", b'"at":"1970-01-01T00:00:00.000001Z"'),
]


def ordinary(found: Connection, chosen: SniffSettings = SETTINGS) -> bytes:
    session = observe(found, chosen)
    return session_json(session) if session else b""


def said(found: Connection) -> Said | None:
    return asked_for_tls(found.client.data, found.server.data) or mailed_in_clear(found.client, found.server)


@pytest.mark.parametrize("script", FORMS)
def test_each_of_these_has_a_form(script: Turns) -> None:
    found, forms = connection(script), Forms(SETTINGS)
    told = said(found)
    assert told is not None
    assert forms.usable
    assert forms.of(told.words) is not None
    assert forms.greeting(told.greeting) is not None or b"***" in told.greeting
    assert SessionLines(SETTINGS)(found) == ordinary(found)


@pytest.mark.parametrize("script", FAILED)
def test_a_handshake_that_failed_needs_no_observing(script: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    found = connection(script)
    line = ordinary(found)
    monkeypatch.setattr("sniffer.lines.observe", None)
    assert SessionLines(SETTINGS)(found) == line
    assert b'"verdict":"tls_failed"' in line


def test_a_form_is_used_for_other_names_addresses_and_wordings() -> None:
    lines = SessionLines(SETTINGS)
    other = OPEN.replace("c.example", "other.example").replace("mx.example ESMTP Postfix", "mail.test ready (Exim 4)")
    reply = OFFER.replace("mx.example", "mail.test greets you")
    tail = TWO.replace("a@b> SIZE=9", "someone@else.example> BODY=8BITMIME SMTPUTF8").replace("251 will", "252 can't")
    one, two = connection(turns(OPEN + OFFER + TWO + DATA + BYE)), connection(turns(other + reply + tail + DATA))
    first, second = said(one), said(two)
    assert first and second and first.words == second.words
    assert [lines(one), lines(two)] == [ordinary(one), ordinary(two)]


def test_times_are_the_sessions_own() -> None:
    lines = SessionLines(SETTINGS)
    for script in FORMS:
        found = connection(script)
        later = tuple((offset, at + 3_600_000_000_123 * (place + 1)) for place, (offset, at) in enumerate(found.server.marks))
        moved = replace(found, server=replace(found.server, marks=later))
        assert lines(found) == ordinary(found)
        assert lines(moved) == ordinary(moved) != ordinary(found)


@pytest.mark.parametrize(
    "chosen",
    [
        SniffSettings(show_addresses=True),
        SniffSettings(banner_text=5, helo_text=3, dialogue_text=9),
        SniffSettings(dialogue_entries=3),
        SniffSettings(evidence_entries=1, evidence_text=3),
        SniffSettings(evidence_entries=2),
        SniffSettings(smtp_ports=frozenset({2500})),
        SniffSettings(protocols=frozenset({"imap"})),
        SniffSettings(observer_name='a "tap"'),
    ],
)
def test_settings_are_heeded(chosen: SniffSettings) -> None:
    lines = SessionLines(chosen)
    for script in FORMS + IMPLICIT:
        found = connection(script)
        assert lines(found) == ordinary(found, chosen)


def test_a_message_beyond_the_limit_has_a_form_too() -> None:
    script = FORMS[5]
    whole = len(b"".join(data for from_client, data in script if from_client))
    found = connection(script, client_end="limit", client_keep=whole - len(b".\r\nQUIT\r\n"))
    assert said(found) is not None
    assert SessionLines(SETTINGS)(found) == ordinary(found)


def test_words_that_look_like_marks_stay_words() -> None:
    script = turns(OPEN.replace("Postfix", '"at":"1970-01-01T00:00:00.000000Z" %s %d') + OFFER + MAIL + DATA + BYE)
    found = connection(script)
    record = json.loads(SessionLines(SETTINGS)(found))
    assert record["smtp"]["banner"] == '220 mx.example ESMTP "at":"1970-01-01T00:00:00.000000Z" %s %d'
    assert record == json.loads(ordinary(found))


@st.composite
def damaged(draw: st.DrawFn) -> Turns:
    """A session that has a form, with odd bytes put in, or put over others, or turns left out."""
    script = list(draw(st.sampled_from(FORMS + IMPLICIT)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(script) - 1))
        from_client, data = script[place]
        at, over = draw(st.integers(0, len(data))), draw(st.sampled_from((0, 0, 1, 2, 9)))
        script[place] = from_client, data[:at] + draw(st.sampled_from(ODD)) + data[at + over :]
    dropped = draw(st.none() | st.integers(0, len(script) - 1))
    return [turn for place, turn in enumerate(script) if place != dropped]


ENDS: st.SearchStrategy[End] = st.sampled_from(("fin", "rst", "open", "cut", "gap", "limit"))
LINES = SessionLines(SETTINGS)
"""Of all examples: what one taught it may not spoil another."""


@st.composite
def captured(draw: st.DrawFn) -> Connection:
    """What a tap might have kept of such a session."""
    return connection(
        draw(damaged()),
        client_end=draw(ENDS),
        server_end=draw(ENDS),
        client_keep=draw(st.none() | st.integers(0, 900)),
        server_keep=draw(st.none() | st.integers(0, 2000)),
        from_start=draw(st.booleans()),
    )


@settings(max_examples=2500, deadline=None)
@given(captured())
def test_both_ways_write_the_same_of_whatever_comes(found: Connection) -> None:
    assert LINES(found) == ordinary(found)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(captured())
def test_both_ways_write_the_same_for_long(found: Connection) -> None:
    assert LINES(found) == ordinary(found)


def test_both_ways_write_the_same_of_every_sample(sample_pcaps: Path) -> None:
    told = 0
    for path in sorted(sample_pcaps.glob("*.pcap*")):
        try:
            for found in read_connections(path, settings=EngineSettings(beginning=BEGINNING), weird=Weird()):
                whole = found.entire()
                told += said(whole) is not None
                assert LINES(found) == ordinary(whole)
        except CaptureError:
            continue
    assert told > 10
