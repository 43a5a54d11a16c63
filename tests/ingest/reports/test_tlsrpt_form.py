"""TLS reports decoded straight into types are what the tolerant reader makes of them."""

from __future__ import annotations

import copy
import hashlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reports.budget import Budget
from ingest.reports.content import HEAD_BYTES
from ingest.reports.errors import ReportError
from ingest.reports.limits import Limits
from ingest.reports.model import TlsReport
from ingest.reports.reader import Unusable, read_reports
from ingest.reports.tlsrpt import read_tlsrpt, tolerant
from ingest.reports.tlsrpt_form import well_formed
from ingest.reports.warnings import Notes
from tests.ingest.reports.report_texts import tls_json, tls_reports

ODD: tuple[Any, ...] = (
    *("", " ", " mail.Example. ", "[]", '["a"]', "a\nb", "STS", "starttls-not-supported", "192.0.2.01", "::ffff:192.0.2.1", "\0", "x" * 70),
    *(
        "2026-11-24T00:00:00Z",
        "2026-11-24T00:00:00+01:00",
        "2026-11-24 00:00:00Z",
        "20261124T000000.000Z",
        "2026-11-24T24:00:00Z",
        "1796169600",
    ),
    *(
        0,
        1,
        -1,
        5.0,
        5.5,
        1e30,
        2**63,
        2**64,
        True,
        None,
        "5",
        [],
        {},
        [None],
        ["a", "a"],
        ["A."],
        [["a"]],
        [" version: STSv1", "mode: testing\n"],
    ),
)
KEYS = ("policy-string", "mx-host-pattern", "Report-ID", "report_id", "additional-info-uri", "summary", "x", "policy-type")


def nodes(tree: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON tree as (container, key)."""
    found: list[tuple[Any, Any]] = []
    members = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in members:
        found.append((tree, key))
        found.extend(nodes(value))
    return found


def change(tree: Any, draw: st.DrawFn) -> None:
    """One place of the tree becomes something else."""
    container, key = draw(st.sampled_from(nodes(tree)))
    odd = copy.deepcopy(draw(st.sampled_from(ODD)))  # a list that is put into a tree must not grow for the next
    how = draw(st.sampled_from(("odd", "odd", "delete", "rename", "add")))
    if how == "odd":
        container[key] = odd
    elif how == "delete":
        del container[key]
    elif isinstance(container, dict):
        container[draw(st.sampled_from(KEYS))] = container.pop(key) if how == "rename" else odd


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    tree = json.loads(tls_json(draw(tls_reports())))
    for _ in range(draw(st.integers(0, 2))):
        if nodes(tree):
            change(tree, draw)
    return json.dumps(tree, ensure_ascii=draw(st.booleans())).encode()


def tolerated(text: bytes, limits: Limits) -> TlsReport | str:
    try:
        return tolerant(text, limits, Notes())
    except ReportError as error:
        return error.reason


@settings(max_examples=600, deadline=None)
@given(texts(), st.sampled_from((64, 64 * 1024)))
def test_the_answer_is_the_tolerant_readers(text: bytes, text_bytes: int) -> None:
    limits = Limits(text_bytes=text_bytes)
    try:
        answer: TlsReport | str = read_tlsrpt([text], Budget(limits, time.thread_time, given=len(text)), Notes())
    except ReportError as error:
        answer = error.reason
    assert answer == tolerated(text, limits)


@settings(max_examples=50, deadline=None)
@given(tls_reports())
def test_what_the_specification_says_is_taken_at_once(report: TlsReport) -> None:
    assert well_formed(tls_json(report)) == report


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"report-id": "1"}', b"[" * 100_000])
def test_anything_else_is_left_alone(text: bytes) -> None:
    assert well_formed(text) is None


@settings(max_examples=200, deadline=None)
@given(texts(), st.sampled_from((64, 64 * 1024)))
def test_a_small_bare_report_is_what_a_long_one_would_be(text: bytes, text_bytes: int) -> None:
    """White space behind it makes it too long for the short way, and changes nothing but its size and hash."""
    limits = Limits(text_bytes=text_bytes)
    (short,), (long,) = (list(read_reports(body, limits=limits)) for body in (text, text + b" " * HEAD_BYTES))
    if isinstance(short, Unusable) or isinstance(long, Unusable):
        assert isinstance(short, Unusable)
        assert isinstance(long, Unusable)
        assert (short.error.reason, short.where, short.raw) == (long.error.reason, long.where, long.raw)
    else:
        assert (short.report, short.where) == (long.report, long.where)
        assert (short.size, short.sha256) == (len(text), hashlib.sha256(text).hexdigest())
