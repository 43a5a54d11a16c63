"""Canonical values: stable, ordered, exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.store.schema import FieldType
from ingest.store.values import canonical, date_from_text, date_text, floor_millisecond, from_micros, micros

from .questions import VALUES

_moments = st.datetimes(timezones=st.just(UTC))


@given(st.data())
def test_a_canonical_value_stays_as_it_is(data: st.DataObject) -> None:
    type_: FieldType = data.draw(st.sampled_from(sorted(VALUES)))
    once = canonical(type_, data.draw(VALUES[type_]))
    assert canonical(type_, once) == once


@given(_moments)
def test_moments_survive_numbers_and_text(moment: datetime) -> None:
    assert from_micros(micros(moment)) == moment
    assert date_from_text(date_text(moment)) == moment


@given(_moments, _moments)
def test_the_order_of_moments_is_the_order_of_numbers_and_text(one: datetime, other: datetime) -> None:
    assert (one < other) == (micros(one) < micros(other)) == (date_text(one) < date_text(other))


@given(_moments)
def test_a_floor_is_below_and_near(moment: datetime) -> None:
    assert timedelta(0) <= moment - floor_millisecond(moment) < timedelta(milliseconds=1)


def test_dates_are_utc() -> None:
    east = datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert canonical("date", east) == datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert date_text(east) == "2026-11-23T23:30:00.000000Z"
    assert date_from_text("2026-11-24") == datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("keyword", b"bytes"),
        ("keywords", ["a", 1]),
        ("ip", "192.0.2.256"),
        ("ip", 3_232_235_777),
        ("integer", 1.0),
        ("integer", 2**53 + 1),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 10**400),
        ("number", True),
        ("boolean", 0),
        ("date", "2026-11-24T00:00:00Z"),
        ("date", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))),
        ("json", {"a": {1, 2}}),
        ("json", "\ud800"),
    ],
)
def test_what_is_no_such_value_is_refused(type_: FieldType, value: Any) -> None:
    with pytest.raises(ValueError):
        canonical(type_, value)


def test_a_number_has_no_negative_zero() -> None:
    assert str(canonical("number", -0.0)) == "0.0"
    assert canonical("number", 3) == 3.0
