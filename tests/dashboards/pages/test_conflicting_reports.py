"""Two contents of one identity: shown side by side, and one is chosen, from our own page only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.settings import DashboardSettings
from ingest.store.protocol import Document
from tests.dashboards.conftest import Site, running
from tests.dashboards.filler import NOW

UID = "a" * 32
RIVAL = f"{UID}-{'b' * 16}"
UNSIGNED = f"{UID}-{'c' * 16}"


def version(uid: str, messages: int, way: str, **fields: object) -> list[Document]:
    head = {"@timestamp": NOW - timedelta(days=2), "report.uid": uid, "organization.name": "Sample", "policy.domain": "example.org"}
    head |= {"provenance": "posted", "counted": uid == UID, **fields}
    row = {**head, "source.ip": "198.51.100.9", "dmarc.count": messages, "dmarc.aligned": False}
    own = {"report.kind": "dmarc", "report.identity": UID, "event.hash": uid[-1] * 64, "conflict": uid != UID, "way": way}
    counts = {"report.messages": messages, "report.records": 1, "spool.id": f"s{messages}"}
    return [
        Document(dataset="dmarc", id=f"{uid}.r0", fields=row),
        Document(dataset="reports", id=uid, fields={**head, **own, **counts}),
        Document(dataset="arrivals", id=f"s{messages}", fields={"@timestamp": NOW - timedelta(hours=messages), "way": way}),
    ]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    stored = [
        *version(UID, 5, "https"),
        *version(RIVAL, 7, "file", left_out="conflict"),
        *version(UNSIGNED, 9, "smtp", provenance="unsigned", left_out="unsigned"),
    ]
    with running(tmp_path, stored, DashboardSettings()) as found:
        yield found


def counted(site: Site, dataset: str = "dmarc") -> set[str]:
    found = site.client.get(f"/api/{dataset}?counted=true&last=all").json()["documents"]
    return {document["report.uid"] for document in found}


def test_the_page_shows_all_versions_and_how_to_choose(site: Site) -> None:
    page = site.page(f"/reports/{UID}")
    assert "Another report claims to be this one" in page
    assert f"/reports/{RIVAL}/choose" in page and f"/reports/{UID}/choose" not in page
    assert f"/reports/{UNSIGNED}/choose" not in page, "what is not signed counts whatever is chosen"
    assert "2 in conflict</a>" in site.page("/reports?last=all")


def test_a_choice_from_our_page_moves_the_figures_and_can_be_taken_back(site: Site) -> None:
    assert site.client.post(f"/reports/{RIVAL}/choose").status_code == 403
    assert counted(site) == {UID}
    assert site.post(f"/reports/{RIVAL}/choose").status_code == 303
    assert counted(site) == counted(site, "reports") == {RIVAL}
    assert f"/reports/{UID}/choose" in site.page(f"/reports/{RIVAL}")
    assert site.post(f"/api/reports/{UID}/choose").json() == {"id": UID, "counted": True}
    assert counted(site) == {UID}


def test_what_cannot_be_chosen_is_said(site: Site) -> None:
    assert site.post("/api/reports/nothing/choose").status_code == 404
    refused = site.post(f"/api/reports/{UNSIGNED}/choose")
    assert (refused.status_code, refused.json()["error"]["reason"]) == (409, "not_eligible")
    assert "cannot be chosen" in site.post(f"/reports/{UNSIGNED}/choose").text
    assert counted(site) == {UID}
