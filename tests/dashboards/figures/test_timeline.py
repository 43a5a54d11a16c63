from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dashboards.figures import layout, palette, timeline

DAY = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday


def test_shares_are_worked_out_by_direction_and_stripping_over_all() -> None:
    rows = [
        {"@timestamp": DAY, "network.direction": "inbound", "decided": 10, "encrypted": 9, "stripped": 1},
        {"@timestamp": DAY, "network.direction": "outbound", "decided": 30, "encrypted": 15, "stripped": 5},
        {"@timestamp": DAY, "network.direction": None, "decided": 0, "encrypted": 0, "stripped": 0},
    ]
    traces = {t["name"]: t for t in timeline.shares(rows, "day")["data"]}
    assert {name: list(t["y"]) for name, t in traces.items()} == {"TLS inbound": [0.9], "TLS outbound": [0.5], "stripped": [0.15]}
    assert traces["stripped"]["line"]["color"] == palette.STRIPPED
    assert list(traces["TLS inbound"]["x"]) == ["2026-11-02T00:00:00"]


def test_weekends_are_bands() -> None:
    bands = layout.weekends(DAY, DAY + timedelta(days=13))
    assert [band["x0"][:10] for band in bands] == ["2026-10-31", "2026-11-07", "2026-11-14"]
    assert layout.weekends(DAY, DAY + timedelta(days=2000)) == []


def test_only_verdicts_that_occur_are_stacked_and_sums_hold() -> None:
    rows = [
        {"@timestamp": DAY, "smtp.verdict": "tls", "count": 5},
        {"@timestamp": DAY + timedelta(days=1), "smtp.verdict": "tls", "count": 7},
        {"@timestamp": DAY, "smtp.verdict": "stripped_offer", "count": 2},
    ]
    figure = timeline.verdicts(rows, "day")
    assert {t["name"]: sum(t["y"]) for t in figure["data"]} == {"TLS": 12, "Offer stripped": 2}
    assert figure["layout"]["barmode"] == "stack"


def test_reports_and_alignment_split_their_sums() -> None:
    reported = timeline.reported([{"@timestamp": DAY, "successful": 90, "failed": 10}], "day")
    assert {t["name"]: list(t["y"]) for t in reported["data"]} == {"successful": [90], "failed": [10]}
    aligned = timeline.alignment([{"@timestamp": DAY, "messages": 9, "aligned": 4}], "week")
    assert {t["name"]: list(t["y"]) for t in aligned["data"]} == {"aligned": [4], "not aligned": [5]}


def test_colours_are_all_swappable() -> None:
    assert set(palette.VERDICT.values()) <= set(palette.VARIABLES)
    assert len(set(palette.VARIABLES.values())) == len(palette.VARIABLES)
