from __future__ import annotations

from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from dashboards.figures.labels import LONGEST, literal


@given(st.text(alphabet=st.characters(), max_size=200))
def test_no_markup_is_left_and_the_text_comes_back(text: str) -> None:
    label = literal(text)
    assert "<" not in label and ">" not in label
    assert len(unescape(label)) <= LONGEST


def test_entities_stay_the_characters_that_they_were() -> None:
    assert literal("&lt;b&gt;") == "&amp;lt;b&amp;gt;"
    assert literal("<a href='x'>y</a>") == "&lt;a href='x'&gt;y&lt;/a&gt;"
