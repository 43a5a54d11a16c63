from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.shapes import text

N = text.NARROW


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "—"),
        (0, f"0{N}%"),
        (1, f"100{N}%"),
        (0.5, f"50.0{N}%"),
        (0.0002, f"<{N}0.1{N}%"),
        (0.9999, f">{N}99.9{N}%"),
        (0.961, f"96.1{N}%"),
    ],
)
def test_percent_never_rounds_to_nothing_or_all(share: float | None, words: str) -> None:
    assert text.percent(share) == words


@given(st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True))
def test_a_share_between_is_never_shown_as_none_or_all(share: float) -> None:
    assert text.percent(share) not in (f"0{N}%", f"100{N}%", f"0.0{N}%", f"100.0{N}%")


def test_counts_have_their_plural() -> None:
    assert text.count(1, "country", "countries") == "1 country"
    assert text.count(12431, "session") == f"12{N}431 sessions"


@pytest.mark.parametrize(
    ("size", "words"), [(0, f"0{N}B"), (999, f"999{N}B"), (1500, f"1.5{N}KiB"), (64 << 20, f"64{N}MiB"), (1 << 62, f"4194304{N}TiB")]
)
def test_sizes(size: int, words: str) -> None:
    assert text.size(size) == words


def test_ago() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert [text.ago(now - timedelta(seconds=s), now) for s in (5, 300, 7200, 900_000)] == [
        f"5{N}s ago",
        f"5{N}min ago",
        f"2{N}h ago",
        "10 days ago",
    ]
    assert text.ago(None, now) == "—"


def test_foreign_text_shows_what_is_invisible() -> None:
    assert text.visible("a\r\n\x00b\x7f") == "a␍␊␀b␡"
    assert text.visible("\u202egnp.exe\u200b") == "⟨U+202E⟩gnp.exe⟨U+200B⟩"
    assert text.visible("Grüße, 東京") == "Grüße, 東京"


@given(st.text())
def test_nothing_invisible_is_left(value: str) -> None:
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text.visible(value))
