from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import timerange
from dashboards.errors import BadRequest

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_last_names_a_span_that_ends_now() -> None:
    found = timerange.named({"last": "7d"}, NOW)
    assert found is not None
    assert (found.since, found.until, found.words) == (NOW - timedelta(days=7), None, "in the last 7 days")


def test_dates_win_over_last() -> None:
    found = timerange.named({"last": "7d", "since": "2026-11-01", "until": "2026-11-02"}, NOW)
    assert found is not None
    assert (found.since, found.until) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    assert found.parameters == {"since": "2026-11-01", "until": "2026-11-02"}


@pytest.mark.parametrize(
    "bad", [{"last": "week"}, {"since": "yesterday"}, {"since": "2026-11-02", "until": "2026-11-01"}, {"until": "9999-99-99"}]
)
def test_what_cannot_be_understood_is_said(bad: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        timerange.named(bad, NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_address_carries_a_time_exactly(value: datetime) -> None:
    found = timerange.named({"since": timerange.text_of(value)}, NOW)
    assert found is not None and found.since == value


def test_the_default_is_all_time_when_everything_is_older() -> None:
    assert timerange.default("30d", NOW - timedelta(days=31), NOW).last == "all"
    assert timerange.default("30d", NOW - timedelta(days=29), NOW).last == "30d"
    assert timerange.default("30d", None, NOW).last == "30d"


@pytest.mark.parametrize(("days", "width"), [(1, "hour"), (30, "day"), (365, "week"), (4000, "month")])
def test_buckets_stay_readable(days: int, width: str) -> None:
    assert timerange.interval_of(NOW - timedelta(days=days), NOW) == width
