from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.shapes.dialogue import dialogue

EHLO = {"side": "server", "at": 1, "text": "250-mx.example\r\n250-XXXXXXXA\r\n250 8BITMIME"}
MASKED = {"word": "masked_offer", "side": "server", "text": "250-XXXXXXXA", "at": 1}


def test_the_tampered_line_of_a_reply_is_marked_and_no_other() -> None:
    lines = dialogue([EHLO], [MASKED])
    assert [(line.text, line.tampered) for line in lines] == [("250-mx.example", False), ("250-XXXXXXXA", True), ("250 8BITMIME", False)]


def test_a_bare_keyword_marks_its_line() -> None:
    assert [line.tampered for line in dialogue([EHLO], [{**MASKED, "text": "XXXXXXXA"}])] == [False, True, False]


def test_a_word_of_imaps_capabilities_marks_their_line() -> None:
    said = {"side": "server", "at": 1, "text": "* CAPABILITY IMAP4rev1 XXXXXXXX IDLE\na1 OK done"}
    assert [line.tampered for line in dialogue([said], [{**MASKED, "text": "XXXXXXXX"}])] == [True, False]
    greeting = {"side": "server", "at": 1, "text": "* OK [CAPABILITY IMAP4rev1 XXXXXXXX] ready"}
    assert [line.tampered for line in dialogue([greeting], [{**MASKED, "text": "XXXXXXXX"}])] == [True]


def test_a_whole_reply_as_evidence_marks_its_lines() -> None:
    assert all(line.tampered for line in dialogue([EHLO], [{**MASKED, "text": EHLO["text"]}]))


def test_the_other_side_is_not_accused() -> None:
    assert not any(line.tampered for line in dialogue([EHLO], [{**MASKED, "side": "client"}]))


def test_other_evidence_points_without_accusing() -> None:
    [line] = dialogue(
        [{"side": "server", "text": "454 4.7.0 no"}], [{"word": "starttls_refused", "side": "server", "text": "454 4.7.0 no"}]
    )
    assert line.words == ("starttls_refused",) and not line.tampered


@given(
    st.lists(st.dictionaries(st.sampled_from(["side", "text", "at", "word"]), st.one_of(st.none(), st.text(), st.integers()))),
    st.lists(st.dictionaries(st.sampled_from(["side", "text", "at", "word"]), st.one_of(st.none(), st.text(), st.integers()))),
)
def test_malformed_documents_still_show(pieces: list[dict[str, Any]], evidence: list[dict[str, Any]]) -> None:
    assert len(dialogue(pieces, evidence)) >= len(pieces)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_what_has_no_such_shape_is_passed_over(value: Any) -> None:
    dialogue(value, value)
