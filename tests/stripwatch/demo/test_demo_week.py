"""The demo's week never lies in two months, whatever the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.incidents.window import month_of
from stripwatch.demo.run import week_end
from stripwatch.demo.traffic import DAYS


@pytest.mark.parametrize("hours", range(0, 24 * 62, 7))
def test_one_month_holds_it_and_it_is_not_long_ago(hours: int) -> None:
    now = datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC) + timedelta(hours=hours)
    end = week_end(now)
    assert now - timedelta(days=DAYS) <= end <= now
    assert month_of(end - timedelta(days=DAYS)) == month_of(end - timedelta(microseconds=1))
