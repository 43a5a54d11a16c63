"""Zeek's logs and Suricata's events: lines of any content, plain and compressed, in one log or put together."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import get_args

import zstandard

from sniffer.evidence import WORDS
from sniffer.logs.limits import LogLimits
from sniffer.logs.reader import LogReader
from sniffer.networks import Networks
from sniffer.sniff_settings import SniffSettings
from sniffer.verdict import Verdict
from tests.fuzz.captures import Pieces
from tests.fuzz.target import LARGEST, Target, expect

CASES = Path(__file__).resolve().parent.parent / "golden" / "logs"
SETTINGS = SniffSettings(own_networks=Networks(["198.51.100.0/24"]))
LOGGED = frozenset({"tls", "tls_failed", "implicit_tls", "incomplete"})
"""No log can accuse."""


def read(stream: io.BytesIO) -> Hashable:
    """The sessions, and what is said of lines that cannot be read."""
    reader = LogReader(SETTINGS, LogLimits())
    try:
        problem = reader.read(io.BufferedReader(stream))  # type: ignore[arg-type]  # bytes in memory are raw enough
        lines = list(reader.sessions())
    finally:
        reader.close()
    verdicts = [documented(json.loads(line)) for line in lines]
    return str(problem and problem[:40]), tuple(verdicts), tuple(lines)


def documented(record: dict[str, dict[str, object]]) -> object:
    verdict = record["smtp"]["verdict"]
    expect(verdict in LOGGED and verdict in get_args(Verdict), verdict)
    words = {item["word"] for item in record["smtp"]["evidence"]}  # type: ignore[attr-defined]
    expect(words <= set(WORDS), words - set(WORDS))
    return verdict


def answer(data: bytes) -> Hashable:
    return read(io.BytesIO(data))


def answer_again(data: bytes, rng: random.Random) -> Hashable:
    return read(Pieces(data, rng))


def shaped(rng: random.Random, data: bytes) -> bytes:
    """Mostly plain, sometimes compressed."""
    return rng.choice((bytes, bytes, bytes, bytes, zstandard.compress, lambda one: gzip.compress(one, 1, mtime=0)))(data)


def logs(*patterns: str) -> list[bytes]:
    """Each log, and those of a folder put together."""
    files = [path for pattern in patterns for path in sorted(CASES.glob(pattern)) if path.name not in ("expected.ndjson", "README.md")]
    each = [path.read_bytes() for path in files]
    return [*each, b"".join(each)[:LARGEST]]


def target(name: str, words: Sequence[bytes], *patterns: str) -> Target:
    return Target(name, lambda: logs(*patterns), answer, answer_again, tuple(words), shaped)


VALUES = (
    b"-",
    b"1e400",
    b"-1",
    b"9" * 400,
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"\\ud800",
    b"\xff",
    b"\0",
    b"\n",
    b"2001:db8::1",
    b"65536",
)
ZEEK = target(
    "zeek",
    (*VALUES, b"\t", b"\\x09", b"\\xff", b"(empty)", b"#separator \\x20\n", b"#fields\tts\n", b"#types\ttime\n", b"{\"ts\":", b"smtp,ssl"),
    "zeek-*/*",
)  # fmt: skip
EVE = target(
    "eve",
    (*VALUES, b'"event_type":"tls"', b'"event_type":"flow"', b'"flow_id":', b"[" * 500, b'{"tls":' * 200),
    "suricata-eve/*",
)  # fmt: skip
