"""Properties that hold for any session: cuts do not matter, loss never accuses, no bytes raise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sniffer.session import observe
from sniffer.stream import End
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import Turns, connection, session, turns
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
    lost,
)

REPLIES = [
    "250-mx.example|250-SIZE|250-STARTTLS|250 8BITMIME",
    "250-mx.example|250-XXXXXXXX|250 8BITMIME",
    "250-mx.example|250-STARTTLS|250-XXXXXXXA|250 DSN",
    "250-mx.example|250-CHUNKING|250 8BITMIME",
    "250 mx.example",
    "502 no",
]
MAIL = "C MAIL FROM:<a@b>\nS 250 ok\nC RCPT TO:<c@d>\nS 250 ok\nC DATA\nS 354 go\nC Subject: x|XXXXXXXX|STARTTLS|.\nS 250 ok"
STEPS = [
    *[f"C EHLO c.example\nS {reply}" for reply in REPLIES],
    "C HELO c\nS 250 mx",
    "C XXXXXXXX\nS 500 what",
    "C NOOP\nS 250 ok",
    "C RSET\nS 250 ok",
    "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC XXXXXXXX\nS 334 UGFzc3dvcmQ6\nC XXXXXXXX\nS 235 ok",
    "C STARTTLS\nS 454 no",
    MAIL,
    "C BDAT 10 LAST\nC~ XXXXXXXX|\nS 250 ok",
    "C QUIT\nS 221 bye",
]
DECIDING = ("C MAIL", "C BDAT", "C QUIT")
LAST: list[Turns] = [
    [],
    turns("C STARTTLS\nS 220 go"),
    *[turns("C STARTTLS\nS 220 go") + list(handshake(version)) for version in ("1.0", "1.2", "1.3")],
]


@st.composite
def sessions(draw: st.DrawFn) -> Turns:
    """Once mail is taken in clear the verdict is decided: what comes later changes nothing, so nothing comes later."""
    steps = draw(st.lists(st.sampled_from(STEPS), max_size=6))
    decided = next((place for place, step in enumerate(steps) if step.startswith(DECIDING)), None)
    said = turns("\n".join(["S 220 mx.example ESMTP", *(steps if decided is None else steps[: decided + 1])]))
    return said + (draw(st.sampled_from(LAST)) if decided is None else [])


@given(sessions(), CUTS, CUTS)
@settings(max_examples=150, deadline=None)
def test_cuts_do_not_matter(said: Turns, client_cuts: list[int], server_cuts: list[int]) -> None:
    assert_cuts_do_not_matter(said, client_cuts, server_cuts)


LOST = (sessions(), st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000))


@given(*LOST)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_loss_never_accuses(said: Turns, client_keep: int | None, server_keep: int | None) -> None:
    assert_loss_never_accuses(said, client_keep, server_keep)


PLAIN_SESSION = "S 220 mx\nC EHLO c\nS 250-mx|250-STARTTLS|250-CHUNKING|250 8BITMIME\nC STARTTLS\nS 220 go"


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.3"])
def test_no_cut_of_a_good_session_accuses(version: str) -> None:
    said = turns(PLAIN_SESSION) + list(handshake(version))
    longest = max(len(b"".join(data for is_client, data in said if is_client == side)) for side in (True, False))
    for keep in range(0, longest, 5):
        for pair in ((keep, None), (None, keep), (keep, keep), (keep, keep // 2), (keep // 2, keep)):
            found = observe(lost(said, *pair), ALL)
            assert found is None or found.judgement.verdict in ("tls", "incomplete"), (pair, found.judgement.verdict)


@given(*LOST)
@settings(max_examples=150, deadline=None)
def test_a_late_start_never_accuses_falsely(said: Turns, client_skip: int | None, server_skip: int | None) -> None:
    seen = observe(late(connection(said), client_skip, server_skip), ALL)
    if seen and seen.judgement.verdict in STRIPPED:
        truth = session(said).judgement
        assert truth.verdict in STRIPPED or "masked" in " ".join(sign.word for sign in truth.evidence)


PIECES = st.sampled_from(
    [
        b"220 mx ESMTP\r\n",
        b"EHLO c\r\n",
        b"250-mx\r\n",
        b"250-STARTTLS\r\n",
        b"250 XXXXXXXX\r\n",
        b"STARTTLS\r\n",
        b"XXXXXXXX\r\n",
        b"AUTH PLAIN\r\n",
        b"334 \r\n",
        b"DATA\r\n",
        b"354 go\r\n",
        b".\r\n",
        b"\n.\n",
        b"BDAT 99999999999 LAST\r\n",
        b"BDAT x\r\n",
        b"RCPT TO:<a@b>\r\n",
        b"LHLO x\r\n",
        b"\r\n",
        b"+OK ready\r\n",
        b"* OK ready\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c",
        b"XEXCH50 5 2\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x80\x2e\x01\x03\x01\x00\x03\x00\x00\x00\x10",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x14\x03\x03\x00\x01\x01",
        b"\x17\x03\x03\x00\x02ab",
        b"\x00",
        b"\xff",
        b"530 Must issue a STARTTLS command first\r\n",
        b"@",
        b"<",
        b"\x1b[31m",
    ]
)


@st.composite
def bytes_of_a_side(draw: st.DrawFn) -> bytes:
    data = b"".join(draw(st.lists(st.one_of(PIECES, st.binary(max_size=20), st.sampled_from(TLS_BYTES)), max_size=12)))
    for place, value in draw(st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), max_size=4)):
        if data:
            data = data[: place % len(data)] + bytes((value,)) + data[place % len(data) + 1 :]
    return data


ARBITRARY = (
    bytes_of_a_side(),
    bytes_of_a_side(),
    st.sampled_from([25, 465, 110, 143, 8080]),
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
@settings(max_examples=50_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_raise_for_long(client: bytes, server: bytes, port: int, flags: Flags, ends: tuple[End, End]) -> None:
    assert_answered(client, server, port, flags, ends)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(*LOST)
@settings(max_examples=50_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_loss_never_accuses_for_long(said: Turns, client_keep: int | None, server_keep: int | None) -> None:
    assert_loss_never_accuses(said, client_keep, server_keep)


@pytest.mark.parametrize(
    "filler",
    [
        b"a",
        b"@",
        b"<",
        b"\n",
        b"\r\n",
        b".",
        b"250-",
        b"250 x\r\n",
        b"EHLO x\r\n",
        b'"',
        b"\x16\x03\x01",
        b"\x16\x03\x01\x00\x01\x01",
        b"AUTH\r\n",
        b"!",
    ],
)
@pytest.mark.timeout(20)
def test_a_head_full_of_anything_is_done_quickly(filler: bytes) -> None:
    full = (filler * 65536)[:65536]
    for server in (b"220 mx\r\n" + full, b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n" + full):
        for client in (full, b"EHLO c\r\nSTARTTLS\r\n" + full, b"EHLO c\r\nMAIL FROM:" + full + b"\r\n", b"EHLO c\r\nDATA\r\n" + full):
            assert_answered(client[:65536], server[:65536], 25, (True, True, True, True), ("limit", "limit"))
