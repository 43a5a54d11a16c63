"""What is told of a usual session at one look is what the walk and the observer tell of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sniffer.dialect import recognise
from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.observation import Observation
from sniffer.settings import EngineSettings
from sniffer.smtp.observer import observe_dialogue
from sniffer.smtp.usual import observe_usual
from sniffer.smtp.walk import Walk
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import observe_tls
from sniffer.weird import Weird
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import SETTINGS, Turns, connection, turns

OPEN = "S 220 mx.example ESMTP Postfix\nC EHLO c.example\n"
OFFER = "S 250-mx.example|250-SIZE|250-STARTTLS|250 8BITMIME\n"
MASK = "S 250-mx.example|250-XXXXXXXA|250-XXXB|250 AUTH LOGIN\n"
MESSAGE = (
    "C MAIL FROM:<a@b> SIZE=9\nS 250 ok\nC RCPT TO:<c@d>\nS 250 ok\nC RCPT TO:<>\nS 251 will do\n"
    "C DATA\nS 354 go\nC Subject: x|STARTTLS|.\nS 250 ok\n"
)
USUAL: list[Turns] = [
    *[turns(OPEN + OFFER + "C STARTTLS\nS 220 go") + list(handshake(version)) for version in ("1.0", "1.2", "1.3")],
    [*turns(OPEN + MASK + "C STARTTLS\nS 220 go"), (True, b"\x16\x03\x01"), (False, b"\x15\x03\x01\x00\x02\x02\x28")],
    turns(OPEN + OFFER + MESSAGE + "C QUIT\nS 221 bye"),
    turns(OPEN + MASK + MESSAGE),
    [*turns(OPEN.replace("EHLO", "ehlo") + OFFER + "C starttls\nS 220 go"), *handshake("1.2")],
    turns("S 220-one|220 two\n" + OPEN.partition("\n")[2] + "S 250 mx\n" + MESSAGE),
]
ODD = [
    *(b"", b"\r", b"\n", b"\r\n", b".\r\n", b"\r\n.\r\n", b" ", b"\0", b"\xff"),
    *(b"250 ok\r\n", b"250-", b"220 go\r\n", b"530 TLS\r\n"),
    *(b"XXXXXXXX\r\n", b"RCPT TO:<x>\r\n", b"DATA\r\n", b"QUIT\r\n", b"STARTTLS\r\n", b"PROXY TCP4 a b 1 2\r\n"),
    *(b"\x16\x03\x01\x00\x05", b"\x15\x03\x03\x00\x02\x02\x28"),
]


def walked(found: Connection, chosen: SniffSettings = SETTINGS) -> Observation:
    return observe_dialogue(Walk(found).run(), found, chosen, observe_tls)


@pytest.mark.parametrize("said", USUAL)
def test_a_usual_session_is_told_at_one_look(said: Turns) -> None:
    found = connection(said)
    assert observe_usual(found, SETTINGS) == walked(found)


@pytest.mark.parametrize("chosen", [SniffSettings(show_addresses=True), SniffSettings(banner_text=5, helo_text=3, dialogue_text=9)])
def test_settings_are_heeded(chosen: SniffSettings) -> None:
    for said in USUAL:
        found = connection(said)
        assert observe_usual(found, chosen) == walked(found, chosen)


def test_a_message_beyond_the_limit_is_usual_too() -> None:
    said = USUAL[4]
    whole = len(b"".join(data for from_client, data in said if from_client))
    found = connection(said, client_end="limit", client_keep=whole - len(b".\r\nQUIT\r\n"))
    assert observe_usual(found, SETTINGS) == walked(found)


def test_a_short_dialogue_is_left_to_the_walk() -> None:
    assert observe_usual(connection(USUAL[0]), SniffSettings(dialogue_entries=3)) is None


@st.composite
def damaged(draw: st.DrawFn) -> Turns:
    """A usual session with odd bytes put in, or put over others, or turns left out."""
    said = list(draw(st.sampled_from(USUAL)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(said) - 1))
        from_client, data = said[place]
        at, over = draw(st.integers(0, len(data))), draw(st.sampled_from((0, 0, 1, 2, 9)))
        said[place] = from_client, data[:at] + draw(st.sampled_from(ODD)) + data[at + over :]
    dropped = draw(st.none() | st.integers(0, len(said) - 1))
    return [turn for place, turn in enumerate(said) if place != dropped]


ENDS = st.sampled_from(("fin", "rst", "open", "gap", "limit"))


@settings(max_examples=1500, deadline=None)
@given(damaged(), ENDS, ENDS, st.none() | st.integers(0, 900), st.none() | st.integers(0, 2000), st.booleans())
def test_both_say_the_same_of_whatever_comes(
    said: Turns, client_end: str, server_end: str, client_keep: int | None, server_keep: int | None, from_start: bool
) -> None:
    found = connection(
        said,
        client_end=client_end,  # type: ignore[arg-type]
        server_end=server_end,  # type: ignore[arg-type]
        client_keep=client_keep,
        server_keep=server_keep,
        from_start=from_start,
    )
    usual = observe_usual(found, SETTINGS)
    assert usual is None or usual == walked(found)


def test_both_say_the_same_of_every_sample(sample_pcaps: Path) -> None:
    told = 0
    for path in sorted(sample_pcaps.glob("*.pcap*")):
        try:
            for found in read_connections(path, settings=EngineSettings(), weird=Weird()):
                if recognise(found, SETTINGS) == ("smtp", "clear") and (usual := observe_usual(found, SETTINGS)):
                    told += 1
                    assert usual == walked(found)
        except CaptureError:
            continue
    assert told > 10
