from __future__ import annotations

import re
from datetime import timedelta

from ingest.incidents import wilson
from ingest.store.query import Filter, Query, Selection
from ingest.store.schema import STRIPPED
from tests.dashboards.conftest import Site
from tests.dashboards.filler import NOW

N = "\u202f"


def text_of(html: str) -> str:
    return re.sub(r"[ \n]+", " ", re.sub(r"<script.*?</script>|<[^>]*>", " ", html, flags=re.S))


def count(site: Site, *where: Filter) -> int:
    return int(site.store.aggregate(Query(dataset="sessions", where=where))[0]["count"])


def test_the_answer_and_its_numbers_are_the_stores(full: Site) -> None:
    page = text_of(full.page("/"))
    stripped = count(full, Filter("smtp.verdict", "eq", STRIPPED))
    decided = count(full, Filter("smtp.verdict", "ne", ("incomplete",)))
    assert "Yes. Mail is being stripped on" in page
    assert f"{stripped} of {decided:,} sessions lost STARTTLS".replace(",", N) in page
    assert f"{wilson.interval(stripped, decided)[0]:.1%}".replace("%", f"{N}%") in page


def test_the_worst_country_leads_the_ranking_by_its_lower_bound(full: Site) -> None:
    page = full.page("/")
    rows = re.findall(r'<tr class="hit">\s*<th scope="row"><a href="([^"]*country=\w+)[^"]*">([^<]*)</a>', page)
    assert rows[0][1] == "Tunisia" and "country=TN" in rows[0][0]


def test_a_filter_narrows_the_figures_and_is_a_chip(full: Site) -> None:
    page = full.page("/?country=DE")
    assert "No stripping seen in" in page
    assert 'aria-label="Filters"' in page and "Germany" in page


def test_dates_narrow_too(full: Site) -> None:
    since, until = "2026-11-10", "2026-11-12"
    expected = Query(
        dataset="sessions",
        where=(Filter("@timestamp", "gte", (since + "T00:00:00Z",)), Filter("@timestamp", "lt", (until + "T00:00:00Z",))),
    )
    amount = full.store.aggregate(expected)[0]["count"]
    assert f"Sessions {amount} " in text_of(full.page(f"/?since={since}&until={until}"))


def test_open_incidents_are_those_of_the_range_and_older_ones_are_counted(full: Site) -> None:
    open_ = (Filter("state", "ne", ("closed",)), Filter("affected", "gt", (0,)))
    newest = full.store.select(Selection(dataset="incidents", where=open_, limit=1)).documents[0].time
    since = newest - timedelta(minutes=1)
    rows = full.store.aggregate(Query(dataset="incidents", where=open_, until=since))
    page = text_of(full.page(f"/?since={since:%Y-%m-%dT%H:%M:%SZ}"))
    assert f"{rows[0]['count']} last seen earlier" in page
    assert "last seen earlier" not in text_of(full.page("/?last=all"))


def test_the_empty_store_says_what_to_do(empty: Site) -> None:
    page = text_of(empty.page("/"))
    assert "Nothing seen yet." in page and "stripwatch sniff" in page and "_smtp._tls" in page


def test_filters_that_leave_nothing_say_so(full: Site) -> None:
    page = text_of(full.page("/?country=AQ&reporter=Nobody"))
    assert "Nothing matches" in page and "Three ways" not in page


def test_the_proof_leads_to_a_session_with_the_mask(full: Site) -> None:
    [href] = re.findall(r'class="proof"><a href="([^"]+)"', full.page("/"))
    assert "changed in flight" in full.page(href)


def test_incidents_that_are_closed_are_not_open(full: Site) -> None:
    page = full.page("/")
    assert "Mail to Tunisia loses STARTTLS" in page and "mx.ovh.example changed" not in page
    assert "mx.ovh.example changed" in full.page("/incidents")


def test_what_does_not_count_stands_with_its_own_reason(full: Site) -> None:
    rows = full.store.aggregate(
        Query(dataset="reports", where=(Filter("counted", "ne", (True,)),), group_by=("left_out",), since=NOW - timedelta(days=30))
    )
    assert {row["left_out"] for row in rows} == {"unsigned"}
    for path in ("/", "/reports"):
        page = full.page(path)
        assert f"{rows[0]['count']}" in text_of(page)
        assert "/reports?counted=false&amp;left_out=unsigned" in page
    assert "conflict" not in text_of(full.page("/"))
