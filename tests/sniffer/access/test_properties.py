"""Properties that hold for any POP3 or IMAP session: cuts do not matter, loss never accuses, no bytes raise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sniffer.session import observe
from sniffer.stream import End
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import Turns, connection, turns
from tests.sniffer.session_properties import (
    ALL,
    CUTS,
    ENDS,
    FLAGS,
    STRIPPED,
    TLS_BYTES,
    Flags,
    assert_answered,
    assert_cuts_do_not_matter,
    assert_loss_never_accuses,
    late,
)

POP3_STEPS = [
    "C CAPA\nS +OK|UIDL|STLS|.",
    "C CAPA\nS +OK|XXXX|UIDL|.",
    "C CAPA\nS +OK|UIDL|SASL PLAIN|.",
    "C CAPA\nS -ERR",
    "C XXXX\nS -ERR what",
    "C STLS\nS -ERR no",
    "C NOOP\nS +OK",
    "C USER bob\nS +OK",
    "C PASS XXXX\nS -ERR",
    "C AUTH LOGIN\nS + a\nC XXXX\nS + b\nC STLS\nS -ERR no",
    "C APOP a b\nS +OK\nC RETR 1\nS +OK|XXXX|STLS|.\nC QUIT\nS +OK",
    "C QUIT\nS +OK",
]
IMAP_STEPS = [
    "C {t} CAPABILITY\nS * CAPABILITY IMAP4rev1 STARTTLS|{t} OK",
    "C {t} CAPABILITY\nS * CAPABILITY IMAP4rev1 XXXXXXXX|{t} OK",
    "C {t} CAPABILITY\nS * CAPABILITY IMAP4rev1|{t} OK",
    "C {t} XXXXXXXX\nS {t} BAD what",
    "C {t} STARTTLS\nS {t} NO no",
    "C {t} NOOP\nS {t} OK",
    "C {t} LOGIN b XXXXXXXX\nS {t} NO wrong",
    "C {t} LOGIN {{8}}\nS + go\nC XXXXXXXX {{3}}\nS + go\nC abc\nS {t} NO wrong",
    "C {t} AUTHENTICATE LOGIN\nS + a\nC XXXXXXXX\nS + b\nC x STARTTLS\nS {t} NO no",
    "C {t} LOGIN a b\nS * CAPABILITY XXXXXXXX|{t} OK in\nC x FETCH 1 BODY[]\nS * 1 FETCH (BODY[] {{4}}|XX|)|x OK\nC y LOGOUT\nS y OK",
    "C {t} LOGOUT\nS * BYE|{t} OK",
]
DECIDING = ("C APOP", "C QUIT", "C {t} LOGIN a", "C {t} LOGOUT")


@st.composite
def sessions(draw: st.DrawFn) -> Turns:
    """A session of either protocol, up to what decides."""
    pop3 = draw(st.booleans())
    steps = draw(st.lists(st.sampled_from(POP3_STEPS if pop3 else IMAP_STEPS), max_size=6))
    decided = next((place for place, step in enumerate(steps) if step.startswith(DECIDING)), None)
    steps = steps if decided is None else steps[: decided + 1]
    named = steps if pop3 else [step.format(t=f"a{place}") for place, step in enumerate(steps)]
    said = turns("\n".join(["S +OK mx" if pop3 else "S * OK mx", *named]))
    accepted = "C STLS\nS +OK go" if pop3 else "C z STARTTLS\nS z OK go"
    ends = [[], turns(accepted), *[turns(accepted) + list(handshake(version)) for version in ("1.2", "1.3")]]
    return said + (draw(st.sampled_from(ends)) if decided is None else [])


@given(sessions(), CUTS, CUTS)
@settings(max_examples=150, deadline=None)
def test_cuts_do_not_matter(said: Turns, client_cuts: list[int], server_cuts: list[int]) -> None:
    assert_cuts_do_not_matter(said, client_cuts, server_cuts)


LOST = (sessions(), st.none() | st.integers(0, 600), st.none() | st.integers(0, 600))


@given(*LOST)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_loss_never_accuses(said: Turns, client_keep: int | None, server_keep: int | None) -> None:
    assert_loss_never_accuses(said, client_keep, server_keep)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(*LOST)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_loss_never_accuses_for_long(said: Turns, client_keep: int | None, server_keep: int | None) -> None:
    assert_loss_never_accuses(said, client_keep, server_keep)


@given(*LOST)
@settings(max_examples=200, deadline=None)
def test_a_late_start_never_accuses(said: Turns, client_skip: int | None, server_skip: int | None) -> None:
    whole = connection(said, port=110 if said[0][1].startswith(b"+") else 143)
    seen = observe(late(whole, client_skip, server_skip), ALL)
    assert seen is None or seen.judgement.verdict not in STRIPPED


PIECES = st.sampled_from(
    [
        *(b"+OK ready\r\n", b"-ERR no\r\n", b"+ \r\n", b"+OK\r\nSTLS\r\n.\r\n", b"CAPA\r\n", b"STLS\r\n", b"XXXX\r\n", b"AUTH PLAIN\r\n"),
        *(
            b"USER a\r\n",
            b"PASS b\r\n",
            b"RETR 1\r\n",
            b".\r\n",
            b"QUIT\r\n",
            b"\r\n",
            b"\0",
            b"\xff",
            b"{",
            b"}\r\n",
            b"{99999999999}\r\n",
        ),
        *(b"* OK ready\r\n", b"* PREAUTH in\r\n", b"* BYE\r\n", b"a OK\r\n", b"a NO\r\n", b"a BAD\r\n", b"+ go\r\n"),
        *(b"* CAPABILITY IMAP4rev1 XXXXXXXX STARTTLS LOGINDISABLED\r\n", b"a OK [CAPABILITY STARTTLS]\r\n", b"a CAPABILITY\r\n"),
        *(
            b"a STARTTLS\r\n",
            b"a XXXXXXXX\r\n",
            b"a LOGIN b c\r\n",
            b"a LOGIN {3}\r\n",
            b"a LOGIN {3+}\r\nabc\r\n",
            b"a AUTHENTICATE X\r\n",
        ),
        *(
            b"* 1 FETCH (BODY[] {3}\r\nabc)\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
            b"\x16\x03\x01\x00\x05\x01",
            b"\x15\x03\x03\x00\x02\x02\x28",
        ),
    ]
)


@st.composite
def bytes_of_a_side(draw: st.DrawFn) -> bytes:
    return b"".join(draw(st.lists(st.one_of(PIECES, st.binary(max_size=9), st.sampled_from(TLS_BYTES)), max_size=12)))


ARBITRARY = (
    bytes_of_a_side(),
    st.builds(bytes.__add__, st.sampled_from([b"", b"+OK\r\n", b"* OK\r\n"]), bytes_of_a_side()),
    st.sampled_from([110, 143, 993]),
    FLAGS,
    ENDS,
)


@given(*ARBITRARY)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
def test_no_bytes_raise(client: bytes, server: bytes, port: int, flags: Flags, ends: tuple[End, End]) -> None:
    assert_answered(client, server, port, flags, ends)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(*ARBITRARY)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_raise_for_long(client: bytes, server: bytes, port: int, flags: Flags, ends: tuple[End, End]) -> None:
    assert_answered(client, server, port, flags, ends)


@pytest.mark.parametrize(
    "filler",
    [
        *(b"\n", b"\r\n", b"a\r\n", b"+OK\r\n", b"-ERR\r\n", b"+ \r\n", b".\r\n", b"CAPA\r\n", b"AUTH X\r\n", b"RETR 1\r\n", b"XXXX\r\n"),
        *(
            b"a OK\r\n",
            b"* X\r\n",
            b"a CAPABILITY\r\n",
            b"a LOGIN {1}\r\n",
            b"a LOGIN {0+}\r\n",
            b"a AUTHENTICATE X\r\n",
            b"{1}",
            b"* 1 FETCH ",
        ),
        *(b"* CAPABILITY XXXXXXXX\r\n", b"X " * 9 + b"\r\n", b"a", b" ", b"\x16\x03\x01"),
    ],
)
@pytest.mark.timeout(20)
def test_a_head_full_of_anything_is_done_quickly(filler: bytes) -> None:
    full = (filler * 65536)[:65536]
    for greeting, port in ((b"+OK\r\n", 110), (b"* OK\r\n", 143)):
        for server in (full, b"", b"a NO\r\n-ERR\r\n" * 4000):
            for client in (full, b"CAPA\r\n" * 9000, b"a LOGIN {1}\r\n" * 5000, b"a AUTHENTICATE X\r\n" * 4000, b"AUTH X\r\n" * 8000):
                assert_answered(client[:65536], (greeting + server)[:65536], port, (True,) * 4, ("limit", "limit"))
