from __future__ import annotations

from dashboards.shapes.ranking import ranking
from dashboards.shapes.share import Share


def row(key: str | None, stripped: int, decided: int) -> dict[str, object]:
    return {"c": key, "stripped": stripped, "decided": decided, "never_asked": 0, "encrypted": decided - stripped}


def test_one_session_does_not_top_a_ranking() -> None:
    lines = ranking([row("AA", 1, 1), row("TN", 90, 100), row("DE", 0, 1000)], "c")
    assert [line.key for line in lines] == ["TN", "AA", "DE"]


def test_what_only_reports_know_is_added_and_ranked_before_the_innocent() -> None:
    lines = ranking([row("DE", 0, 10), row("NP", 0, 5)], "c", {"KE": 7, "NP": 3, "FR": 0})
    assert [(line.key, line.reported, line.stripped.total) for line in lines] == [("KE", 7, 0), ("NP", 3, 5), ("DE", 0, 10)]


def test_an_unknown_place_is_a_line_of_its_own() -> None:
    assert ranking([row(None, 3, 4)], "c")[0].key is None


def test_a_share_of_nothing_has_no_value_and_no_proof() -> None:
    assert (Share(0, 0).value, Share(0, 0).lower, Share(0, 0).upper) == (None, 0.0, 1.0)
