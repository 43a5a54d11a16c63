"""Both engines over every capture at hand must say the same, in every field."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.damage import Frame, damaged, read_frames, segment_of, write_frames
from sniffer.session import Session, session_record
from stripwatch.demo.capture import Conversation, pcapng
from stripwatch.demo.capture import Frame as SentFrame
from stripwatch.demo.traffic import capture as demo_capture
from tests.sniffer.handshakes import Turns, changed, client_context, converse, host, server_context
from tests.sniffer.test_golden_sessions import leaves
from tests.sniffer.test_mail_servers import HERE as MAIL_SERVERS
from tests.sniffer.tls.test_stacks import HERE as TLS_STACKS
from tests.sniffer.wireshark.test_access import without_times

HERE = Path(__file__).parent
MAKE_PCAP = HERE.parents[2] / "bench" / "make_pcap.py"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
SAMPLES = Path(os.environ.get("STRIPWATCH_SAMPLES", "/nonexistent")) / "pcaps"
SAMPLE_NAMES = sorted(path.name for path in SAMPLES.glob("*.pcap*"))
MADE = {
    "generated": ["--nasty", "0", "--seed", "5"],
    "generated-nasty": ["--nasty", "1", "--seed", "7"],
}
VERDICT = "smtp.verdict"
SEEN = (
    VERDICT,
    "smtp.starttls.offered",
    "smtp.starttls.requested",
    "smtp.starttls.reply_code",
    "tls.established",
    "tls.version",
    "tls.cipher",
    "tls.client.server_name",
    "tls.server.hash.sha256",
)
"""What each must see of damaged traffic as the other does."""
Said = dict[tuple[str, str], Any]
"""(session, field) → value; a session that was not found is (session, "session") → False."""
Difference = tuple[str, str, Any, Any]
"""Session, field, what the packets say, what Wireshark says."""


def said(sessions: Iterable[Session], fields: Iterable[str] | None = None) -> Said:
    """Each session's values: of these fields, or of all but the times within it."""
    found: Said = {}
    for session in sorted(sessions, key=lambda one: one.connection.start):
        record = without_times(session_record(session))
        name = f"{record['source']['ip']}:{record['source']['port']}"
        while (name, "session") in found:
            name += "+"  # the same ends once more
        found[name, "session"] = True
        values = {field: json.dumps(value) if isinstance(value, list) else value for field, value in leaves(record)}
        found.update({(name, field): values.get(field) for field in fields or values})
    return found


def differences(packets: Said, wireshark: Said) -> set[Difference]:
    keys = sorted({*packets, *wireshark})
    missing = {name for name, field in keys if field == "session" and ((name, field) in packets) != ((name, field) in wireshark)}
    return {
        (name, field, packets.get((name, field), False), wireshark.get((name, field), False))
        for name, field in keys
        if packets.get((name, field)) != wireshark.get((name, field)) and (field == "session" or name not in missing)
    }


def complaints(found: set[Difference], listed: set[Difference]) -> list[str]:
    """What is wrong with a capture's differences and their list."""
    new = [f"not listed: {difference}" for difference in sorted(found - listed, key=repr)]
    return new + [f"listed, but it no longer occurs: {difference}" for difference in sorted(listed - found, key=repr)]


LISTED: list[dict[str, Any]] = tomllib.loads((HERE / "differences.toml").read_text())["difference"]


def listed(capture: str) -> set[Difference]:
    return {(one["session"], one["field"], one["packets"], one["wireshark"]) for one in LISTED if one["capture"] == capture}


@pytest.fixture
def compare(by_packets: Callable[..., Any], by_wireshark: Callable[..., Any]) -> Callable[[str, Path], int]:
    def run(name: str, path: Path) -> int:
        packets, damage = by_packets(path)
        wireshark, other_damage = by_wireshark(path)
        assert damage == other_damage
        assert complaints(differences(said(packets), said(wireshark)), listed(name)) == []
        return len(packets)

    return run


@pytest.mark.skipif(not SAMPLE_NAMES, reason="STRIPWATCH_SAMPLES is not set")
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_a_sample_is_the_same_to_both(name: str, compare: Callable[[str, Path], int]) -> None:
    compare(name, SAMPLES / name)


def test_the_demo_is_the_same_to_both(tmp_path: Path, compare: Callable[[str, Path], int]) -> None:
    path = tmp_path / "demo.pcapng"
    path.write_bytes(demo_capture(NOW))
    assert compare("demo", path) > 100


def test_real_mail_servers_are_the_same_to_both(compare: Callable[[str, Path], int]) -> None:
    assert compare("mail-servers", MAIL_SERVERS / "capture.pcap.gz") == 57


@pytest.mark.parametrize(("stack", "sessions"), [("go", 69), ("java", 24)])
def test_other_tls_libraries_are_the_same_to_both(stack: str, sessions: int, compare: Callable[[str, Path], int]) -> None:
    assert compare(f"tls-stacks-{stack}", TLS_STACKS / f"{stack}.pcap.gz") == sessions


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_hellos_changed_on_the_way_end_the_same_to_both(
    version: str, tmp_path: Path, by_packets: Callable[..., Any], by_wireshark: Callable[..., Any]
) -> None:
    """One session for each byte of both hellos, as it is seen behind the change, to whatever end that brings it. What else
    can be read of a hello that is none is each dissector's own affair."""
    client_side, server_side = client_context(version), server_context(host(), version)
    turns, _ = converse(client_side, server_side)
    frames: list[SentFrame] = []
    port = 10_000
    for whose in (True, False):
        hello = next(data for speaks, data in turns if speaks is whose)
        for at in range(5 + int.from_bytes(hello[3:5], "big")):
            port += 1
            begun, seen = 0, []
            for speaks, data in converse(client_side, server_side, on_the_way=(whose, at, 0xFF))[0]:
                seen.append((speaks, changed(data, at - begun, 0xFF) if speaks is whose else data))
                begun += len(data) if speaks is whose else 0
            frames += upgraded(port, seen)
    path = written(tmp_path, frames)
    fields = (VERDICT, "tls.established")
    packets, wireshark = said(by_packets(path)[0], fields), said(by_wireshark(path)[0], fields)
    assert len(packets) == 3 * (port - 10_000)
    assert differences(packets, wireshark) == set()


def test_a_hello_that_was_asked_for_again_is_the_same_to_both(tmp_path: Path, compare: Callable[[str, Path], int]) -> None:
    client_side, server_side = client_context("1.3"), server_context(host(), "1.3")
    server_side.set_ecdh_curve("secp384r1")
    _, session = converse(client_side, server_side)
    frames: list[SentFrame] = []
    for port, resumed in ((10_001, None), (10_002, session)):
        frames += upgraded(port, converse(client_side, server_side, session=resumed)[0])
    assert compare("again", written(tmp_path, frames)) == 2


def opened(port: int) -> Conversation:
    """A session up to the server's offers."""
    talk = Conversation("192.0.2.1", port, "198.51.100.25", 25, port * 1_000_000).open()
    return talk.lines("S: 220 mx.example", "C: EHLO c", "S: 250-mx.example|250-PIPELINING|250-CHUNKING|250 STARTTLS")


def upgraded(port: int, said: Turns) -> list[SentFrame]:
    """A session in which this follows STARTTLS."""
    talk = opened(port).lines("C: STARTTLS", "S: 220 go")
    for speaks, data in said:
        talk.say(speaks, data)
    return talk.close().frames


def written(folder: Path, frames: list[SentFrame]) -> Path:
    """Their capture."""
    path = folder / "sent.pcapng"
    path.write_bytes(pcapng(frames, ["eth0"]))
    return path


def by_chunks(talk: Conversation, rng: random.Random) -> None:
    """One message by BDAT."""
    chunks = [b"".join(rng.choices(HOSTILE_LINES, k=rng.randrange(1, 60))) for _ in range(rng.randrange(1, 4))]
    sent = b"MAIL FROM:<a@c.example>\r\nRCPT TO:<b@mx.example>\r\n"
    for number, chunk in enumerate(chunks, 1):
        sent += b"BDAT %d%b\r\n%b" % (len(chunk), b" LAST" if number == len(chunks) else b"", chunk)
    say_cut(talk, sent, rng)
    talk.say(False, b"250 ok\r\n" * (2 + len(chunks)))
    talk.lines("C: QUIT", "S: 221 bye")


def by_data(talk: Conversation, rng: random.Random) -> None:
    """One message by DATA, with the commands before it and the QUIT behind it in one go."""
    say_cut(talk, b"MAIL FROM:<a@c.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n", rng)
    talk.say(False, b"250 ok\r\n250 ok\r\n354 go on\r\n")
    message = b"".join(line for line in rng.choices(HOSTILE_LINES, k=rng.randrange(1, 60)) if line != b".\r\n")
    say_cut(talk, message + b".\r\nQUIT\r\n", rng)
    talk.lines("S: 250 ok", "S: 221 bye")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("send", [by_chunks, by_data])
def test_messages_are_the_same_to_both_however_they_are_cut(
    send: Callable[[Conversation, random.Random], None],
    seed: int,
    tmp_path: Path,
    compare: Callable[[str, Path], int],
    by_packets: Callable[..., Any],
) -> None:
    """Their lines could be taken for commands, masked ones too, and the packets are cut by chance."""
    rng = random.Random(seed)
    frames: list[SentFrame] = []
    for port in range(10_000, 10_080):
        talk = opened(port)
        send(talk, rng)
        frames += talk.close().frames
    path = written(tmp_path, frames)
    assert compare("messages", path) == 80
    assert all(session.judgement.verdict == "cleartext_offered" and session.seen.mail_in_clear for session in by_packets(path)[0])


def say_cut(talk: Conversation, sent: bytes, rng: random.Random) -> None:
    """The client's, in up to five pieces."""
    cuts = sorted({*rng.sample(range(1, len(sent)), rng.randrange(5)), len(sent)})
    for begin, end in pairwise([0, *cuts]):
        talk.say(True, sent[begin:end])


HOSTILE_LINES = [
    b"XXXXXXXX\r\n",
    b"STARTTLS\r\n",
    b"QUIT\r\n",
    b"BDAT 5\r\n",
    b"DATA\r\n",
    b".\r\n",
    b"\r\n",
    b"MAIL FROM:<m@x>\r\n",
    b"text " * 20 + b"\r\n",
    b"\x16\x03\x01\x00\x05hello\r\n",
]


@pytest.mark.parametrize("name", MADE)
def test_generated_traffic_is_the_same_to_both(name: str, tmp_path: Path, compare: Callable[[str, Path], int]) -> None:
    path = make(tmp_path / "made.pcap", *MADE[name])
    assert compare(name, path) >= 60


def test_short_snaplen_makes_neither_engine_accuse_more_than_the_other(
    tmp_path: Path, by_packets: Callable[..., Any], by_wireshark: Callable[..., Any]
) -> None:
    """Wireshark joins nothing to a cut segment, so it sees less of the handshake; the verdict must stand all the same."""
    path = make(tmp_path / "cut.pcap", "--nasty", "0.5", "--snaplen", "256", "--seed", "12")
    packets, wireshark = said(by_packets(path)[0], SEEN), said(by_wireshark(path)[0], SEEN)
    assert {one for one in differences(packets, wireshark) if one[1] in ("session", "smtp.verdict")} == set()
    assert len(packets) > 60


DAMAGED = ("loss-1%", "loss-5%", "loss-20%", "hole-in-each", "midstream", "cut-off", "overlapping", "reordered", "everything")


@pytest.mark.parametrize("name", DAMAGED)
def test_neither_contradicts_the_other_over_damaged_traffic(
    name: str, tmp_path: Path, by_packets: Callable[..., Any], by_wireshark: Callable[..., Any]
) -> None:
    """Wireshark's dissectors give up where segments are missing or come twice, so one may see less. What both see is the same."""
    path = make(tmp_path / "made.pcap", "--nasty", "0.3", "--seed", "21")
    write_frames(path, damaged(read_frames(path), name))
    packets, wireshark = said(by_packets(path)[0], SEEN), said(by_wireshark(path)[0], SEEN)
    assert contradictions(packets, wireshark) == []
    assert len(packets) > 40


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_neither_contradicts_the_other_over_mutated_traffic(
    seed: int, tmp_path: Path, by_packets: Callable[..., Any], by_wireshark: Callable[..., Any]
) -> None:
    """Octets of payloads changed, so that words, lengths and handshakes are wrong."""
    path = make(tmp_path / "made.pcap", "--nasty", "0.3", "--seed", "22")
    write_frames(path, mutated(read_frames(path), random.Random(seed)))
    packets, wireshark = said(by_packets(path)[0], SEEN), said(by_wireshark(path)[0], SEEN)
    assert contradictions(packets, wireshark) == []


def contradictions(packets: Said, wireshark: Said) -> list[Difference]:
    """Differences that are not of one engine that sees less: a value that is absent, a session that it leaves open."""

    def less(one: Difference) -> bool:
        session, _, *values = one
        return None in values or "incomplete" in (packets.get((session, VERDICT)), wireshark.get((session, VERDICT)))

    return sorted((one for one in differences(packets, wireshark) if not less(one)), key=repr)


def mutated(frames: list[Frame], rng: random.Random) -> list[Frame]:
    return [octets_changed(frame, rng) if rng.random() < 0.05 else frame for frame in frames]


def octets_changed(frame: Frame, rng: random.Random) -> Frame:
    part, data = segment_of(frame.data), bytearray(frame.data)
    if part is None or part.payload >= part.end:
        return frame
    for _ in range(rng.choice((1, 1, 3))):
        data[rng.randrange(part.payload, part.end)] = rng.choice((0, 10, 13, 32, 88, 0x16, 255, rng.randrange(256)))
    return frame._replace(data=bytes(data))


def make(path: Path, *options: str) -> Path:
    subprocess.run(
        [sys.executable, MAKE_PCAP, path, "--sessions", "60", "--body-bytes", "2000", "--other", "0.05", *options],
        check=True,
        capture_output=True,
    )
    return path


def test_every_listed_difference_is_of_a_known_capture_and_shows_its_bytes() -> None:
    known = {*SAMPLE_NAMES, *MADE, "demo"} if SAMPLE_NAMES else None
    for one in LISTED:
        assert known is None or one["capture"] in known
        assert one["why"]
        shown = bytes.fromhex(one["bytes"])
        assert shown
        if one["capture"] in SAMPLE_NAMES:
            assert (SAMPLES / one["capture"]).read_bytes()[one["offset"] :].startswith(shown)


def test_a_new_difference_and_an_outdated_one_are_both_told() -> None:
    one: Said = {("a:1", "session"): True, ("a:1", "tls.version"): "1.2"}
    other: Said = {("a:1", "session"): True, ("a:1", "tls.version"): "1.0"}
    found = differences(one, other)
    assert found == {("a:1", "tls.version", "1.2", "1.0")}
    assert complaints(found, found) == []
    assert complaints(found, set()) == ["not listed: ('a:1', 'tls.version', '1.2', '1.0')"]
    assert complaints(set(), found) == ["listed, but it no longer occurs: ('a:1', 'tls.version', '1.2', '1.0')"]


def test_a_session_that_one_engine_lacks_is_one_difference() -> None:
    one: Said = {("a:1", "session"): True, ("a:1", "smtp.verdict"): "tls"}
    assert differences(one, {}) == {("a:1", "session", True, False)}
