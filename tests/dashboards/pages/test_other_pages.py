from __future__ import annotations

import re

from dashboards.pages.encryption import demands
from ingest.store.query import Filter, Query
from tests.dashboards.conftest import Site
from tests.dashboards.filler import HOSTILE


def test_sessions_page_by_cursor_meets_every_session_once(full: Site) -> None:
    seen: list[str] = []
    path: str | None = "/sessions?country=TN&last=all"
    while path:
        page = full.page(path)
        seen += re.findall(r'<th scope="row"><a href="/sessions/([0-9a-f]+)"', page)
        following = re.findall(r'rel="next" href="([^"]+)"', page)
        path = following[0].replace("&amp;", "&") if following else None
    [row] = full.store.aggregate(Query(dataset="sessions", where=(Filter("far_end.geo.country_iso_code", "eq", ("TN",)),)))
    assert len(seen) == len(set(seen)) == row["count"] > 50


def test_a_session_draws_its_dialogue_with_one_tampered_line(full: Site) -> None:
    id = full.client.get("/api/sessions?verdict=stripped_command&last=all&limit=1").json()["documents"][0]["id"]
    page = full.page(f"/sessions/{id}")
    [tampered] = re.findall(r'<li class="line (\w+) tampered".*?<code>([^<]*)</code>', page, re.S)
    assert tampered == ("client", "XXXXXXXX")
    assert "500 5.5.1" in page and "TLS was not tried" in page


def test_reports_tell_kinds_and_what_does_not_count(full: Site) -> None:
    page = full.page("/reports?provenance=unsigned")
    assert page.count('<tr class="uncounted">') == page.count("not counted</span>") > 10
    id = full.client.get("/api/reports?provenance=unsigned&kind=tlsrpt&limit=1").json()["documents"][0]["id"]
    assert "Not counted in any figure" in full.page(f"/reports/{id}")


def test_only_failing_reports(full: Site) -> None:
    page = full.page("/reports?failing=true&kind=tlsrpt")
    failed = re.findall(r'<td class="n">[\d\u202f]+</td><td class="n">[\d\u202f]+</td><td class="n">([^<]+)</td>', page)
    assert failed and "–" not in failed


def test_uncounted_rows_enter_no_figure(full: Site) -> None:
    whole = full.store.aggregate(Query(dataset="tlsrpt_failures"))[0]["count"]
    counted = full.store.aggregate(Query(dataset="tlsrpt_failures", where=(Filter("counted", "eq", (True,)),)))[0]["count"]
    assert whole > counted
    assert "Unknown Sender" in full.page("/reports")  # listed all the same


def test_demands_are_shares_of_what_can_be_judged() -> None:
    totals = {"decided": 100, "tls": 80, "modern": 75, "secret": 70, "judged": 20, "untrusted": 5, "named_known": 10, "unnamed": 4}
    assert [(d.share.affected, d.share.total) for d in demands(totals)] == [(20, 100), (25, 100), (30, 100), (5, 20), (4, 10)]


def test_a_dead_letter_is_downloaded_never_shown_and_retried_from_our_page_only(full: Site) -> None:
    page = full.page("/dead-letters")
    assert "Xml not well formed" in page and HOSTILE[0] not in page
    raw = full.client.get("/dead-letters/a-0000/raw")
    assert raw.headers["content-type"] == "application/octet-stream" and raw.headers["content-disposition"].startswith("attachment")
    assert full.client.post("/dead-letters/a-0000/retry").status_code == 403
    assert full.letters.retried == []
    assert full.post("/dead-letters/a-0000/retry").status_code == 303
    assert full.letters.retried == ["a-0000"]
    assert full.post("/dead-letters/a-0000/retry").status_code == 404


def test_health_says_what_to_mend_and_what_became_of_arrivals(full: Site) -> None:
    page = full.page("/health")
    assert "Something needs attention" in page and "Update plevin-db-country." in page
    [row] = full.store.aggregate(Query(dataset="arrivals", where=(Filter("way", "eq", ("https",)),)))
    assert f'<td class="n">{row["count"]}</td>' in page
