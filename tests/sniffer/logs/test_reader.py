"""Whole logs: golden folders, order, damage, compression."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from .conftest import CONN, SMTP, SSL, Reading, json_lines

GOLDEN = Path(__file__).parents[2] / "golden" / "logs"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def logs(case: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((GOLDEN / case).iterdir()) if path.name != "expected.ndjson"]


def told(*contents: bytes) -> tuple[list[str | None], list[dict[str, Any]]]:
    reading = Reading()
    problems = [reading.read(content) for content in contents]
    sessions = reading.sessions()
    reading.reader.close()
    return problems, sessions


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    reading = Reading()
    assert [reading.read(log) for log in logs(case)] == [None] * len(logs(case))
    assert b"".join(reading.reader.sessions()) == (GOLDEN / case / "expected.ndjson").read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_no_log_accuses(case: str) -> None:
    for session in told(*logs(case))[1]:
        assert session["smtp"]["verdict"] in ("tls", "implicit_tls", "tls_failed", "incomplete")
        assert "offered" not in session["smtp"].get("starttls", {})
        assert session["smtp"]["evidence"][0]["word"] == "from_log"


def test_files_and_lines_come_in_any_order() -> None:
    whole = told(json_lines(SMTP, SSL, CONN))[1]
    assert told(json_lines(CONN), json_lines(SSL), json_lines(SMTP))[1] == whole
    assert told(json_lines(SSL), json_lines(SMTP), json_lines(CONN))[1] == whole


@pytest.mark.parametrize("case", CASES)
def test_all_logs_in_one_and_packed(case: str) -> None:
    together = b"".join(logs(case))
    for packed in (together, gzip.compress(together), zstandard.compress(together)):
        assert told(packed) == ([None], told(*logs(case))[1])


def test_smtp_on_an_odd_port_brings_its_tls() -> None:
    odd = {"id.resp_p": 10025}
    (session,) = told(json_lines({**SMTP, **odd}), json_lines({**SSL, **odd}))[1]
    assert session["smtp"]["verdict"] == "tls"


def test_identity_is_the_connections_whichever_lines_are_there() -> None:
    ids = {told(json_lines(*lines))[1][0]["event"]["id"] for lines in ([SMTP], [SMTP, SSL], [SMTP, SSL, CONN])}
    assert len(ids) == 1
    other = told(json_lines({**SMTP, "uid": "C2"}))[1][0]["event"]["id"]
    assert other not in ids


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"ts":1795514400.1,"uid":"C9","trans_depth":1,"tl', "the JSON object is cut"),
        (b'{"trans_depth":1,"tls":true,}', "no JSON"),
        (b'{"trans_depth":1,"tls":true}', "no ts"),
        (b'{"ts":1,"trans_depth":1,"tls":true,"id.orig_h":"nobody"}', "is no address"),
        (b'{"event_type":"smtp","timestamp":"yesterday"}', "is no number of seconds"),
        (b"a\tb\tc", "no #fields stands before it"),
        (b'{"smtp":"' + b"x" * (1 << 20) + b'"}', "longer than 1048576 bytes"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_used(line: bytes, why: str) -> None:
    (problem,), sessions = told(json_lines(SMTP) + line + b"\n" + json_lines(SSL))
    assert problem is not None
    assert problem.startswith("damaged_lines: 1 of 3 lines (line 2: ")
    assert why in problem
    assert [session["smtp"]["verdict"] for session in sessions] == ["tls"]


def test_a_cut_gzip_gives_what_stands_before() -> None:
    rng = random.Random(1)
    lines = [{**SMTP, "uid": f"C{rng.getrandbits(60)}", "helo": f"h{rng.getrandbits(60)}.example"} for _ in range(2000)]
    packed = gzip.compress(json_lines(*lines))
    (problem,), sessions = told(packed[: len(packed) // 2])
    assert problem == "damaged_compression: the gzip stream is cut"
    assert 500 < len(sessions) < 1500


def test_what_does_not_speak_of_mail_is_not_even_decoded() -> None:
    assert told(b'{"event_type":"dns",' + b"\xff" * 10 + b"}\n") == ([None], [])


@given(st.binary(max_size=2000))
def test_any_bytes(content: bytes) -> None:
    told(content)


@given(st.data())
def test_damaged_logs(data: st.DataObject) -> None:
    """Bytes changed, cut or doubled in a golden log: never an exception, never a verdict that accuses."""
    content = bytearray(data.draw(st.sampled_from([log for case in CASES for log in logs(case)])))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    for session in told(bytes(content))[1]:
        assert session["smtp"]["verdict"] in ("tls", "implicit_tls", "tls_failed", "incomplete")


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2)


@given(st.lists(st.sampled_from([SMTP, SSL, CONN]), min_size=1, max_size=4), st.data())
def test_any_values(lines: list[dict[str, Any]], data: st.DataObject) -> None:
    changed = [{**line, data.draw(st.sampled_from(sorted(line))): data.draw(_VALUES)} for line in lines]
    told(b"".join(json_lines(line) for line in changed))
