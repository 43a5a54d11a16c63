from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.shapes.silence import silences

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TODAY = NOW.replace(hour=0)


def rows(reporter: str, days_ago: Iterable[int], kind: str = "tlsrpt") -> list[dict[str, Any]]:
    return [{"organization.name": reporter, "report.kind": kind, "@timestamp": TODAY - timedelta(days=ago)} for ago in days_ago]


def test_a_daily_reporter_that_stopped_is_named() -> None:
    (found,) = silences(rows("Google", range(5, 30)), NOW)
    assert (found.reporter, found.days, found.usual) == ("Google", 4, 1)


def test_yesterdays_report_is_not_late() -> None:
    assert silences(rows("Google", range(1, 30)), NOW) == []
    assert silences(rows("Google", range(3, 30)), NOW) == []


def test_a_reporter_with_gaps_of_its_own_has_time() -> None:
    assert silences(rows("Small", [9, 14, 19, 24, 29]), NOW) == []
    assert [found.days for found in silences(rows("Small", [13, 18, 23, 28, 33]), NOW)] == [12]


def test_a_few_reports_are_no_habit() -> None:
    assert silences(rows("Once", [20, 21, 22, 23]), NOW) == []


def test_kinds_are_judged_apart_and_the_longest_silence_comes_first() -> None:
    found = silences([*rows("A", range(5, 20)), *rows("A", range(9, 20), "dmarc"), *rows("A", range(1, 9), "failure")], NOW)
    assert [(silence.kind, silence.days) for silence in found] == [("dmarc", 8), ("tlsrpt", 4)]
