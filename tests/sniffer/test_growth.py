"""Time in line with the capture, memory flat: bench/growth.py judges it (`make soak` measures)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.growth import Reading, grows


def reading(seconds: float, peak: int, sessions: int) -> Reading:
    return Reading(seconds, peak, sessions)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([reading(1, 100, 10), reading(4, 120, 40), reading(16, 125, 160)], False),
        ([reading(1, 100, 10), reading(6, 120, 40), reading(40, 125, 160)], True),
        ([reading(1, 100, 10), reading(4, 120, 40), reading(16, 400, 160)], True),
    ],
)
def test_growth_is_told(found: list[Reading], wanted: bool) -> None:
    assert grows(found) is wanted


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_reading_is_linear_and_flat() -> None:
    assert subprocess.run([sys.executable, "-m", "bench.growth"], check=False).returncode == 0
