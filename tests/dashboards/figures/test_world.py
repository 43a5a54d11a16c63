from __future__ import annotations

from typing import Any

from dashboards.figures import palette
from dashboards.figures.world import world
from dashboards.shapes.ranking import Ranked
from dashboards.shapes.share import Share

OUTLINED = {"TN", "DE", "US", "-3"}


def drawn(*lines: Ranked) -> dict[str, dict[str, Any]]:
    """Trace and colour by country."""
    found = {}
    for trace in world(list(lines), OUTLINED)["data"][1:]:
        colour = trace["colorscale"][0][1] if trace["type"] == "choropleth" else trace["marker"]["color"]
        for place, code in enumerate(trace["customdata"]):
            found[code] = {"type": trace["type"], "colour": colour, "text": trace["text"][place]}
    return found


def line(key: str | None, stripped: int, total: int, reported: int = 0) -> Ranked:
    return Ranked(key, Share(stripped, total), 0, 0, reported)


def test_colour_is_the_lower_bound() -> None:
    found = drawn(line("TN", 95, 100), line("US", 1, 1), line("DE", 0, 50))
    assert [found[code]["colour"] for code in ("TN", "US", "DE")] == [palette.STRIPPED_STRONG, palette.STRIPPED_MIDDLE, palette.SEEN]


def test_countries_without_an_outline_are_dots() -> None:
    found = drawn(line("SG", 3, 9), line("TN", 3, 9))
    assert (found["SG"]["type"], found["TN"]["type"]) == ("scattergeo", "choropleth")


def test_unknown_and_unseen_places_are_not_drawn() -> None:
    assert drawn(line(None, 3, 9), line("<b>", 3, 9), line("DE", 0, 0, reported=4)) == {}


def test_the_hover_has_counts_bounds_and_what_reports_say() -> None:
    text = drawn(line("TN", 96, 100, reported=7))["TN"]["text"]
    assert "96 of 100 sessions stripped" in text and "7 reported" in text and "95 %:" in text


def test_all_land_is_under_it() -> None:
    land = world([], OUTLINED)["data"][0]
    assert set(land["locations"]) == OUTLINED and land["hoverinfo"] == "skip"
