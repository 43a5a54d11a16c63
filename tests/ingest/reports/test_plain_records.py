"""Text cut where plain records begin and end: nothing lost, and nothing taken for a record inside other markup."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reports.plain_records import segments

RECORD = b"<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row></record>"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from((RECORD, b"<record>", b"</record>", b"<a>b</a>", b"<!-- -->", b"x" * 70_000)), max_size=8), st.integers(1, 200)
)
def test_no_text_is_lost(texts: list[bytes], size: int) -> None:
    whole = b"".join(texts)
    pieces = [whole[start : start + size * 977] for start in range(0, len(whole), size * 977)]
    assert b"".join(segment.text for segment in segments(pieces)) == whole


def test_a_record_is_cut_into_figures_and_rest() -> None:
    (segment,) = segments([RECORD])
    assert segment.plain == (b"192.0.2.1", b"1", b"</row>")


@pytest.mark.parametrize("cut", range(1, 12))
def test_behind_a_comment_nothing_is_plain_wherever_the_text_was_cut(cut: int) -> None:
    text = b"<a/><!--" + RECORD + b"-->"
    assert all(segment.plain is None for segment in segments([text[:cut], text[cut:]]))


def test_a_comment_behind_a_long_unfinished_record_is_seen_though_cut_in_its_mark() -> None:
    start = b"<record>" + b"x" * 70_000 + b"<"
    assert all(segment.plain is None for segment in segments([start, b"!--" + RECORD + b"-->"]))


@pytest.mark.parametrize("inner", [b"<source_ip>192.0.2.2</source_ip>", b"<Count>5</Count>", b"<row/>", b"<x:record />"])
def test_a_rest_with_another_figure_is_never_repeated(inner: bytes) -> None:
    (segment,) = segments([RECORD.replace(b"</row>", inner + b"</row>")])
    assert segment.plain is not None
    assert not segment.plain.repeatable
