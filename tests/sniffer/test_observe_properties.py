"""Properties that hold for any session: cuts do not matter, loss never accuses, no bytes raise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sniffer.evidence import WORDS
from sniffer.session import observe, session_json, session_record
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.verdict import Verdict
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import START, Turns, connection, head, session, turns

ALL = SniffSettings(protocols=frozenset({"smtp", "pop3", "imap"}))
STRIPPED = ("stripped_offer", "stripped_command")
ACCUSING = (*STRIPPED, "tls_failed")
VERDICTS = frozenset(Verdict.__args__)  # type: ignore[attr-defined]
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
ENDS: list[Turns] = [
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
    return said + (draw(st.sampled_from(ENDS)) if decided is None else [])


def facts(found: Any) -> dict[str, Any]:
    """What must not depend on where segments were cut."""
    record = session_record(found)
    for listed in (record["smtp"]["evidence"], record["smtp"]["dialogue"]):
        for item in listed:
            del item["at"]
    return {"smtp": record["smtp"], "tls": record.get("tls")}


def recut(whole: StreamHead, cuts: list[int]) -> StreamHead:
    places = sorted({0, *(cut % len(whole.data) for cut in cuts)}) if whole.data else []
    marks = tuple((place, START + number) for number, place in enumerate(places))
    return StreamHead(whole.data, marks, whole.from_start, whole.end, whole.bytes, whole.packets, whole.captured)


def with_heads(base: Connection, client: StreamHead, server: StreamHead) -> Connection:
    return Connection(
        base.client_ip, base.client_port, base.server_ip, base.server_port, base.start, base.stop, client, server, base.client_isn
    )


@given(sessions(), st.lists(st.integers(0, 1 << 16), max_size=12), st.lists(st.integers(0, 1 << 16), max_size=12))
@settings(max_examples=150, deadline=None)
def test_cuts_do_not_matter(said: Turns, client_cuts: list[int], server_cuts: list[int]) -> None:
    whole = connection(said)
    again = with_heads(whole, recut(whole.client, client_cuts), recut(whole.server, server_cuts))
    first, second = observe(whole, ALL), observe(again, ALL)
    assert first and second
    assert facts(first) == facts(second)


def lost(said: Turns, client_keep: int | None, server_keep: int | None) -> Connection:
    return connection(
        said,
        client_keep=client_keep,
        server_keep=server_keep,
        client_end="fin" if client_keep is None else "gap",
        server_end="fin" if server_keep is None else "gap",
    )


def assert_loss_never_accuses(said: Turns, client_keep: int | None, server_keep: int | None) -> None:
    truth = session(said).judgement.verdict
    seen = observe(lost(said, client_keep, server_keep), ALL)
    if seen and seen.judgement.verdict in ACCUSING:
        assert seen.judgement.verdict == truth or (seen.judgement.verdict in STRIPPED and truth in STRIPPED), (
            truth,
            seen.judgement.verdict,
        )


@given(sessions(), st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000))
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


@given(sessions(), st.integers(0, 3000), st.integers(0, 3000), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_late_start_never_accuses_falsely(said: Turns, client_skip: int, server_skip: int, client_in: bool, server_in: bool) -> None:
    truth = session(said).judgement.verdict
    whole = connection(said)
    heads = []
    for side, skip, captured in ((whole.client, client_skip, client_in), (whole.server, server_skip, server_in)):
        skip = min(skip, len(side.data))
        marks = tuple((max(place - skip, 0), at) for place, at in side.marks if place >= skip) if captured else ()
        data = side.data[skip:] if captured else b""
        heads.append(StreamHead(data, ((0, whole.start), *marks) if data else (), False, side.end, len(data), 1, captured))
    seen = observe(with_heads(whole, *heads), ALL)
    if seen and seen.judgement.verdict in STRIPPED:
        assert truth in STRIPPED or "masked" in " ".join(sign.word for sign in session(said).judgement.evidence)


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
TLS_BYTES = [
    b"".join(data for is_client, data in handshake(version) if is_client == side)
    for version in ("1.0", "1.2", "1.3")
    for side in (True, False)
]


@st.composite
def bytes_of_a_side(draw: st.DrawFn) -> bytes:
    data = b"".join(draw(st.lists(st.one_of(PIECES, st.binary(max_size=20), st.sampled_from(TLS_BYTES)), max_size=12)))
    for place, value in draw(st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), max_size=4)):
        if data:
            data = data[: place % len(data)] + bytes((value,)) + data[place % len(data) + 1 :]
    return data


def assert_documented(found: Any) -> None:
    record = json.loads(session_json(found))
    assert record["smtp"]["verdict"] in VERDICTS
    assert {item["word"] for item in record["smtp"]["evidence"]} <= set(WORDS)
    assert {item["side"] for item in record["smtp"]["evidence"]} <= {"client", "server"}


def arbitrary(client: bytes, server: bytes, port: int, flags: tuple[bool, bool, bool, bool], ends: tuple[str, str]) -> None:
    heads = [
        head([(START, data)] if captured else [], end, start, captured)  # type: ignore[arg-type]
        for data, captured, start, end in ((client, flags[0], flags[1], ends[0]), (server, flags[2], flags[3], ends[1]))
    ]
    found = observe(Connection("192.0.2.1", 1, "2001:db8::1", port, START, START, *heads), ALL)
    if found:
        assert_documented(found)


ANY_END = st.sampled_from(["open", "cut", "fin", "rst", "gap", "limit"])
ARBITRARY = (
    bytes_of_a_side(),
    bytes_of_a_side(),
    st.sampled_from([25, 465, 110, 143, 8080]),
    st.tuples(*[st.booleans()] * 4),
    st.tuples(ANY_END, ANY_END),
)


@given(*ARBITRARY)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
def test_no_bytes_raise(client: bytes, server: bytes, port: int, flags: tuple[bool, bool, bool, bool], ends: tuple[str, str]) -> None:
    arbitrary(client, server, port, flags, ends)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(*ARBITRARY)
@settings(max_examples=50_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_raise_for_long(
    client: bytes, server: bytes, port: int, flags: tuple[bool, bool, bool, bool], ends: tuple[str, str]
) -> None:
    arbitrary(client, server, port, flags, ends)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(sessions(), st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000))
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
            arbitrary(client[:65536], server[:65536], 25, (True, True, True, True), ("limit", "limit"))
