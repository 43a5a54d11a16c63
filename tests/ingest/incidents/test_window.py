from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ingest.incidents.window import Window, month_of, touched

times = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(times)
def test_a_month_holds_its_time_and_ends_where_the_next_begins(time: datetime) -> None:
    window = month_of(time)
    assert window.holds(time) and window.begin.day == window.end.day == 1
    assert month_of(window.end).begin == window.end and not window.holds(window.end)
    assert month_of(window.begin) == month_of(window.end - timedelta(microseconds=1)) == window


def test_months_are_utc() -> None:
    midnight_in_kiribati = datetime(2026, 12, 1, 3, tzinfo=timezone(timedelta(hours=14)))
    assert month_of(midnight_in_kiribati).begin == datetime(2026, 11, 1, tzinfo=UTC)


def months(*numbers: int) -> list[Window]:
    return [month_of(datetime(2026, number, 1, tzinfo=UTC)) for number in numbers]


def test_new_documents_touch_their_window_and_those_that_remember_them() -> None:
    there = months(1, 2, 3, 4, 5, 6, 7)
    span = (datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert touched({"sessions": span}, there, timedelta(days=40)) == months(3, 4, 5)


def test_windows_without_documents_are_not_judged() -> None:
    span = (datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert touched({"sessions": span}, months(3), timedelta(days=400)) == months(3)
    assert touched({}, months(3), timedelta(days=400)) == []
