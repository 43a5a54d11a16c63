from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.incidents.sentence import counted, minute, percent, share_text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.7575, "75 %"), (1.0, "100 %"), (0.999, "99 %"), (0.01, "1 %"), (0.00226, "0.22 %"), (0.0000177, "0.0017 %"), (0.0, "0 %")],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


@given(st.floats(1e-9, 1))
def test_at_least_is_never_more_than_it_is(share: float) -> None:
    assert float(percent(share).removesuffix(" %")) <= share * 100 * (1 + 1e-12)


def test_no_share_without_count_and_bound() -> None:
    assert share_text(1, 1) == "1 of 1 session (at least 20 %)"
    assert share_text(1234, 5678, "reported session") == "1,234 of 5,678 reported sessions (at least 20 %)"


def test_counted() -> None:
    assert [counted(n, "masked offer") for n in (1, 2000)] == ["1 masked offer", "2,000 masked offers"]
    assert counted(2, "country", "countries") == "2 countries"


def test_minute_is_utc() -> None:
    assert minute(datetime(2026, 11, 4, 9, 5, 59, tzinfo=UTC)) == "2026-11-04 09:05 UTC"
