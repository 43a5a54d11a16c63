"""What led to what, when."""

from __future__ import annotations

from sniffer.dns.links import Links


def test_a_link_counts_from_its_answer_until_it_ends() -> None:
    links: Links[str, str] = Links(4, 4)
    links.add("a", "x", 10, 20)
    links.add("a", "x", 15, 30)
    links.add("a", "x", 50, 60)
    assert [bool(links.at("a", time)) for time in (9, 10, 30, 31, 49, 50, 60, 61)] == [False, True, True, False, False, True, True, False]


def test_the_latest_told_comes_first() -> None:
    links: Links[str, str] = Links(4, 4)
    for time, value in ((10, "x"), (12, "y"), (14, "x")):
        links.add("a", value, time, 100)
    assert links.at("a", 20) == ["x", "y"]
    assert links.at("a", 11) == ["x"]


def test_only_what_still_counted_is_forgotten() -> None:
    links: Links[str, str] = Links(1, 2)
    links.add("a", "x", 10, 20)
    links.add("b", "x", 30, 40)
    assert ("a" in links, links.forgotten) == (False, 0)
    links.add("c", "x", 35, 40)
    assert links.forgotten == 1
    for value in "xyz":
        links.add("c", value, 36, 40)
    assert links.at("c", 36) == ["z", "y"]
