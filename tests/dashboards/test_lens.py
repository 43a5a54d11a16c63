from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from dashboards import filters, timerange
from dashboards.lens import Lens

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def lens(*pairs: tuple[str, str], last: str = "7d", chosen: bool = True) -> Lens:
    return Lens("/sessions", timerange.last(last, NOW), filters.read(pairs), NOW, chosen)


def pairs_of(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)


def test_an_address_keeps_range_and_filters() -> None:
    assert lens(("country", "TN")).href() == "/sessions?country=TN&last=7d"
    assert lens(("country", "TN"), chosen=False).href("/") == "/?country=TN"


def test_changes_replace_add_and_remove() -> None:
    seen = lens(("country", "TN"), ("path", "a"))
    assert pairs_of(seen.href(country="NP", path=None, after="c")) == [("last", "7d"), ("country", "NP"), ("after", "c")]
    assert pairs_of(seen.fresh("/reports", kind="dmarc")) == [("last", "7d"), ("kind", "dmarc")]


def test_a_chip_removes_its_filter_only() -> None:
    tunisia, path = lens(("country", "TN"), ("path", "a b")).chips()
    assert (tunisia.label, tunisia.value, pairs_of(tunisia.href)) == ("Country", "Tunisia", [("path", "a b"), ("last", "7d")])
    assert pairs_of(path.href) == [("country", "TN"), ("last", "7d")]


def test_the_range_switch_marks_the_current_one() -> None:
    spans = lens(("country", "TN")).spans()
    assert [s.title for s in spans if s.current] == ["7 days"]
    assert pairs_of(spans[-1].href) == [("country", "TN"), ("last", "all")]


@given(st.lists(st.tuples(st.sampled_from(["country", "path", "reporter"]), st.text(min_size=1)), max_size=5))
def test_any_value_survives_the_address(pairs: list[tuple[str, str]]) -> None:
    try:
        address = lens(*pairs).href()
    except UnicodeEncodeError:
        assert any("\ud800" <= c <= "\udfff" for _, v in pairs for c in v)
        return
    again = filters.read(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    assert again == filters.read(pairs)
