from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.incidents.severity import LADDER, Severity, graded, raised


@pytest.mark.parametrize(
    ("affected", "total", "wanted"),
    [(1, 1, "low"), (2, 2, "low"), (3, 1000, "medium"), (3, 3, "high"), (12, 12, "high"), (20, 20, "critical"), (500, 5000, "medium")],
)
def test_grades(affected: int, total: int, wanted: str) -> None:
    assert graded(affected, total, "critical") == wanted


@given(st.integers(1, 500), st.integers(0, 5000), st.sampled_from(LADDER))
def test_never_above_the_most_and_never_falling_with_more_hits(affected: int, misses: int, most: Severity) -> None:
    grade = graded(affected, affected + misses, most)
    assert LADDER.index(grade) <= LADDER.index(most)
    assert LADDER.index(graded(affected + 1, affected + 1 + misses, most)) >= LADDER.index(grade)


def test_raising_ends_at_critical() -> None:
    assert [raised(grade) for grade in LADDER] == ["medium", "high", "critical", "critical"]
