"""An index's name depends on the document alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.store.elasticsearch_store.indices import END_YEAR, FIRST_YEAR, index_of, is_before

_times = st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("dataset", "time", "name"),
    [
        ("sessions", datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC), "sw-sessions-2026.11"),
        ("sessions", datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "sw-sessions-2026.11"),
        ("dmarc", datetime(FIRST_YEAR - 1, 12, 31, tzinfo=UTC), "sw-dmarc-early"),
        ("dmarc", datetime(END_YEAR, 1, 1, tzinfo=UTC), "sw-dmarc-late"),
        ("incidents", datetime(2026, 1, 1, tzinfo=UTC), "sw-incidents"),
    ],
)
def test_names(dataset: str, time: datetime, name: str) -> None:
    assert index_of("sw", dataset, time) == name


@given(time=_times, limit=_times)
def test_no_index_is_dropped_that_may_hold_a_younger_document(time: datetime, limit: datetime) -> None:
    if time >= limit:
        assert not is_before(index_of("sw", "sessions", time), limit)


def test_a_month_is_dropped_when_it_is_over() -> None:
    assert is_before("sw-sessions-2026.12", datetime(2027, 1, 1, tzinfo=UTC))
    assert not is_before("sw-sessions-2026.12", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert not is_before("sw-sessions-early", datetime(2030, 1, 1, tzinfo=UTC))
    assert not is_before("sw-incidents", datetime(2030, 1, 1, tzinfo=UTC))


def test_the_months_that_a_forger_can_name_are_few() -> None:
    names = {index_of("sw", "dmarc", datetime(year, month, 1, tzinfo=UTC)) for year in range(1, 9999, 1) for month in range(1, 13)}
    assert len(names) == (END_YEAR - FIRST_YEAR) * 12 + 2
