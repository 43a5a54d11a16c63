from __future__ import annotations

from typing import Any

from dashboards.shapes.headline import Seen, headline
from dashboards.shapes.share import Share


def seen(**changes: Any) -> Seen:
    base: dict[str, Any] = {
        "sessions": 0,
        "stripped": Share(0, 0),
        "paths": 0,
        "countries": 0,
        "reports": 0,
        "reported": 0,
        "suspicious": 0,
    }
    return Seen(**{**base, **changes})


def test_stripping_on_the_wire_is_a_plain_yes() -> None:
    found = headline(seen(sessions=100, stripped=Share(40, 100), paths=2, countries=1, worst=("Tunisia", Share(40, 50)), agreeing=1))
    assert (found.answer, found.word, found.text) == ("yes", "Yes.", "Mail is being stripped on 2 paths, in 1 country.")
    assert "Tunisia, at least 67.0" in found.detail and "1 incident is confirmed" in found.detail


def test_inference_and_reports_alone_are_perhaps() -> None:
    assert headline(seen(sessions=9, stripped=Share(0, 9), suspicious=2)).answer == "perhaps"
    assert "12 sessions without STARTTLS" in headline(seen(reports=3, reported=12)).detail


def test_who_answers_in_a_server_s_stead_is_off_too() -> None:
    found = headline(seen(sessions=9, stripped=Share(0, 9), posing=1))
    assert found.answer == "perhaps" and found.detail == "1 open incident suggests that somebody answers in a server’s stead."


def test_no_says_how_sure_it_is() -> None:
    found = headline(seen(sessions=1000, stripped=Share(0, 1000)))
    assert found.answer == "no" and "1\u202f000 sessions" in found.text and "at most 0.4" in found.detail


def test_blindness_is_not_innocence() -> None:
    assert headline(seen(sessions=5)).answer == "nothing"
    assert "No sessions seen" in headline(seen(reports=5)).text
    assert headline(seen()).text == "Nothing seen yet."
