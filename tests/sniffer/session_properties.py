"""What holds for any session of any of the three protocols: cuts do not matter, loss and a late start never accuse, no
bytes raise. Each test module draws sessions of its own and asks these."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from sniffer.evidence import WORDS
from sniffer.session import observe, session_json, session_record
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, End, StreamHead
from sniffer.verdict import Verdict
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import START, Turns, connection, head, session

ALL = SniffSettings(protocols=frozenset({"smtp", "pop3", "imap"}))
STRIPPED = ("stripped_offer", "stripped_command")
ACCUSING = (*STRIPPED, "tls_failed")
VERDICTS = frozenset(Verdict.__args__)  # type: ignore[attr-defined]
TLS_BYTES = [
    b"".join(data for is_client, data in handshake(version) if is_client == side)
    for version in ("1.0", "1.2", "1.3")
    for side in (True, False)
]
CUTS = st.lists(st.integers(0, 1 << 16), max_size=12)
FLAGS = st.tuples(*[st.booleans()] * 4)
"""Whether the client's side was captured, whether from its start; the server's."""
ENDS = st.tuples(*[st.sampled_from(["open", "cut", "fin", "rst", "gap", "limit"])] * 2)
Flags = tuple[bool, bool, bool, bool]


def facts(found: Any) -> dict[str, Any]:
    """What must not depend on where segments were cut."""
    record = session_record(found)
    for listed in (record["smtp"]["evidence"], record["smtp"]["dialogue"]):
        for item in listed:
            del item["at"]
    return {"smtp": record["smtp"], "tls": record.get("tls")}


def recut(whole: StreamHead, cuts: list[int]) -> StreamHead:
    places = sorted({0, *(cut % len(whole.data) for cut in cuts)}) if whole.data else []
    return replace(whole, marks=tuple((place, START + number) for number, place in enumerate(places)))


def assert_cuts_do_not_matter(said: Turns, client_cuts: list[int], server_cuts: list[int]) -> None:
    whole = connection(said)
    again = replace(whole, client=recut(whole.client, client_cuts), server=recut(whole.server, server_cuts))
    first, second = observe(whole, ALL), observe(again, ALL)
    assert first and second
    assert facts(first) == facts(second)


def lost(said: Turns, client_keep: int | None, server_keep: int | None) -> Connection:
    """A session of which so many bytes of each side are left; None: all."""
    return connection(
        said,
        client_keep=client_keep,
        server_keep=server_keep,
        client_end="fin" if client_keep is None else "gap",
        server_end="fin" if server_keep is None else "gap",
    )


def assert_loss_never_accuses(said: Turns, client_keep: int | None, server_keep: int | None) -> None:
    truth = session(said, ALL).judgement.verdict
    seen = observe(lost(said, client_keep, server_keep), ALL)
    if seen and seen.judgement.verdict in ACCUSING:
        assert seen.judgement.verdict == truth or (seen.judgement.verdict in STRIPPED and truth in STRIPPED), (
            truth,
            seen.judgement.verdict,
        )


def late(whole: Connection, client_skip: int | None, server_skip: int | None) -> Connection:
    """A session whose first bytes, so many of each side, were not captured; None: nothing of that side was."""
    return replace(whole, client=_late(whole.client, client_skip, whole.start), server=_late(whole.server, server_skip, whole.start))


def _late(side: StreamHead, skip: int | None, start: int) -> StreamHead:
    data = b"" if skip is None else side.data[skip:]
    marks = ((0, start), *((place - skip, at) for place, at in side.marks if place > skip)) if data and skip is not None else ()
    return StreamHead(data, marks, False, side.end, len(data), 1, skip is not None)


def assert_documented(found: Any) -> None:
    record = json.loads(session_json(found))
    assert record["smtp"]["verdict"] in VERDICTS
    assert {item["word"] for item in record["smtp"]["evidence"]} <= set(WORDS)
    assert {item["side"] for item in record["smtp"]["evidence"]} <= {"client", "server"}


def assert_answered(client: bytes, server: bytes, port: int, flags: Flags, ends: tuple[End, End]) -> None:
    """Any bytes are no session, or one that says what is documented."""
    heads = [
        head([(START, data)] if captured else [], end, start, captured)
        for data, captured, start, end in ((client, flags[0], flags[1], ends[0]), (server, flags[2], flags[3], ends[1]))
    ]
    found = observe(Connection("192.0.2.1", 1, "2001:db8::1", port, START, START, *heads), ALL)
    if found:
        assert_documented(found)
