from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.incidents import wilson


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int]:
    total = draw(st.integers(0, 10**7))
    return draw(st.integers(0, total)), total


@pytest.mark.parametrize(
    ("affected", "total", "low", "high"),
    [
        # Computed by hand from Wilson's formula with z = 1.96; 0 of 10 and 10 of 20 stand in textbooks too.
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (1, 1, 0.2065, 1.0),
        (10, 20, 0.2993, 0.7007),
        (12, 12, 0.7575, 1.0),
        (1, 10_000, 0.0000177, 0.000566),
    ],
)
def test_known_bounds(affected: int, total: int, low: float, high: float) -> None:
    assert wilson.interval(affected, total) == pytest.approx((low, high), abs=5e-5, rel=1e-2)


@given(samples())
def test_bounds_hold_the_share_and_stay_inside_zero_and_one(sample: tuple[int, int]) -> None:
    affected, total = sample
    low, high = wilson.interval(affected, total)
    assert 0.0 <= low <= high <= 1.0
    if total:
        assert low <= affected / total <= high


@given(samples())
def test_bounds_mirror(sample: tuple[int, int]) -> None:
    affected, total = sample
    low, high = wilson.interval(affected, total)
    assert wilson.interval(total - affected, total) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_larger_sample_proves_more(affected: int, factor: int) -> None:
    assert wilson.lower(affected, affected) <= wilson.lower(affected * factor, affected * factor)


@pytest.mark.parametrize(("affected", "total"), [(-1, 5), (6, 5), (1, 0)])
def test_what_is_no_share_is_refused(affected: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson.interval(affected, total)


def test_lower_is_the_interval_s() -> None:
    assert wilson.lower(3, 7) == wilson.interval(3, 7)[0]


def test_two_proportions_against_a_known_value() -> None:
    # z = (0.5 - 0.25) / sqrt(0.375 * 0.625 * 2 / 40) = 2.3094; P(Z > z) = 0.01046
    assert wilson.p_value_greater(20, 40, 10, 40) == pytest.approx(0.01046, abs=1e-4)


@pytest.mark.parametrize("case", [(0, 0, 5, 10), (5, 10, 0, 0), (5, 10, 5, 10), (1, 10, 9, 10), (10, 10, 20, 20)])
def test_no_excess_is_no_finding(case: tuple[int, int, int, int]) -> None:
    assert wilson.p_value_greater(*case) == 1.0


@given(samples(), samples())
def test_p_is_a_probability(sample: tuple[int, int], base: tuple[int, int]) -> None:
    assert 0.0 <= wilson.p_value_greater(*sample, *base) <= 1.0
