from __future__ import annotations

from dashboards.figures.palette import VERDICT
from dashboards.shapes import words
from ingest.incidents.rules import RULES
from ingest.store.schema import STRIPPED, VERDICTS


def test_every_verdict_has_words_and_a_colour() -> None:
    assert set(words.VERDICTS) == set(VERDICTS) == set(VERDICT)


def test_red_is_kept_for_stripping() -> None:
    assert {word for word, known in words.VERDICTS.items() if known.tone == "stripped"} == set(STRIPPED)


def test_every_rule_has_words() -> None:
    assert set(RULES) <= set(words.RULES)


def test_an_unknown_word_is_shown_as_text() -> None:
    assert words.verdict("brand_new").title == "Brand new"
    assert words.plain(None) == "Unknown"
    assert words.plain("isp") == "ISP"
