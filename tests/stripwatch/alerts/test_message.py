from __future__ import annotations

from stripwatch.alerts.message import LONGEST, MOST, body, title

from .conftest import incident


def test_one_incident_is_named_in_the_title() -> None:
    assert title([incident("a")]) == "stripwatch: critical: STARTTLS stripped"
    assert title([incident("a"), incident("b")]) == "stripwatch: 2 incidents, the gravest critical"


def test_each_stands_with_its_page() -> None:
    text = body([incident("a"), incident("b", severity="high", summary="Another.")], "https://gate.example/")
    assert text == (
        "critical: STARTTLS was masked in 21 of 21 sessions (at least 84 %).\nhttps://gate.example/incidents/a\n\n"
        "high: Another.\nhttps://gate.example/incidents/b"
    )


def test_what_strangers_wrote_is_visible_and_short() -> None:
    text = body([incident("a", summary="Sample \x1b[31mOrg\n\nhigh: forged \u202e" + "x" * 2000)], None)
    assert "\n" not in text and "\x1b" not in text and "\u202e" not in text
    assert len(text) < LONGEST + 20


def test_an_organisation_s_incident_says_whose_it_is() -> None:
    assert body([incident("a", tenant="north", summary="One.")], None) == "critical, north: One."


def test_a_flood_is_counted() -> None:
    text = body([incident(str(number)) for number in range(MOST + 7)], None)
    assert text.endswith("… and 7 more.") and text.count("critical:") == MOST
