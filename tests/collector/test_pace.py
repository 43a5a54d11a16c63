from __future__ import annotations

from collector.pace import Pace


def test_bytes_buy_time_up_to_the_end() -> None:
    pace = Pace(started=100.0, grace=30.0, rate=500.0, longest=300.0)
    assert pace.deadline(0) == 130.0
    assert pace.deadline(5_000) == 140.0
    assert pace.deadline(10**9) == 400.0


def test_no_rate_asks_only_for_the_end() -> None:
    assert Pace(0.0, 1.0, 0.0, 300.0).deadline(0) == 300.0
