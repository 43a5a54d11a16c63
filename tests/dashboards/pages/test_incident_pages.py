from __future__ import annotations

import re
from datetime import datetime

from dashboards.pages.incidents import evidence, more_evidence, ranked_by_severity
from ingest.store.protocol import Document
from tests.dashboards.conftest import Site
from tests.dashboards.filler import NOW, incident


def incident_id(site: Site, severity: str) -> str:
    return str(site.client.get("/api/incidents", params={"severity": severity, "last": "all"}).json()["documents"][0]["id"])


def test_evidence_leads_to_its_documents_and_says_who_agrees(full: Site) -> None:
    page = full.page(f"/incidents/{incident_id(full, 'critical')}")
    assert "Wire and reports agree." in page
    links = re.findall(r'<li>\s*<a href="(/(?:sessions|reports)/[^"]+)"', page)
    assert any(link.startswith("/sessions/") for link in links) and any(link.startswith("/reports/") for link in links)
    for link in links:
        full.page(link)


def test_all_its_sessions_are_one_link(full: Site) -> None:
    [href] = re.findall(r'href="(/sessions\?since=[^"]+)"', full.page(f"/incidents/{incident_id(full, 'high')}"))
    page = full.page(href.replace("&amp;", "&"))
    assert "Tunisia" in page and 'class="tag tls"' not in page


def test_it_is_settled_by_its_own_buttons(changeable: Site) -> None:
    id = incident_id(changeable, "low")
    for action, state in (("close", "closed"), ("reopen", "open"), ("acknowledge", "acknowledged")):
        assert f'action="/incidents/{id}/{action}"' in changeable.page(f"/incidents/{id}")
        assert changeable.post(f"/incidents/{id}/{action}").status_code == 303
        assert changeable.store.get("incidents", id).fields["state"] == state  # type: ignore[union-attr]
        assert f'action="/incidents/{id}/{action}"' not in changeable.page(f"/incidents/{id}")


def test_no_other_site_settles_it(changeable: Site) -> None:
    id = incident_id(changeable, "high")
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert changeable.client.post(f"/incidents/{id}/close", headers=headers).status_code == 403
    assert changeable.store.get("incidents", id).fields["state"] == "open"  # type: ignore[union-attr]
    assert changeable.client.get(f"/incidents/{id}/close").status_code == 405


def test_unknown_actions_and_incidents(changeable: Site) -> None:
    assert changeable.post(f"/incidents/{incident_id(changeable, 'high')}/delete").status_code == 404
    assert changeable.post("/incidents/nosuch/close").status_code == 404


def test_the_gravest_unsettled_comes_first() -> None:
    def one(id: str, **fields: object) -> Document:
        return Document(dataset="incidents", id=id, fields={"@timestamp": NOW, **fields})

    documents = [
        one("a", state="closed", severity="critical"),
        one("b", state="open", severity="low"),
        one("c", state="open", severity="high", lower=0.1),
    ]
    documents += [one("d", state="open", severity="high", lower=0.4), one("e")]
    assert [d.id for d in ranked_by_severity(documents)] == ["d", "c", "b", "e", "a"]


def test_malformed_evidence_is_passed_over(full: Site) -> None:
    references = [None, 5, {}, {"dataset": "arrivals", "id": "x"}, {"dataset": "sessions", "id": 5}, {"dataset": "sessions", "id": "gone"}]
    [gone] = evidence(full.store, references)
    assert gone.document is None


def test_keys_that_no_address_can_name_make_no_link() -> None:
    keys = {"dataset": "sessions", "since": "2026-11-01", "until": "2026-11-02T00:00:00.001Z"}
    assert more_evidence({**keys, "where": {"smtp.auth.used_in_clear": [True]}}) == (
        "/sessions?since=2026-11-01&until=2026-11-02T00%3A00%3A00.001Z&auth_in_clear=true"
    )
    assert more_evidence({**keys, "where": {"smtp.helo": ["x"]}}) is None
    assert more_evidence({**keys, "dataset": "dmarc", "where": {}}) is None
    assert more_evidence(None) is None


def test_what_no_tap_could_show_is_not_called_upstream_of_it(changeable: Site) -> None:
    forged = incident(
        "spoofing",
        "high",
        "IN",
        [Document(dataset="dmarc", id="a", fields={"@timestamp": NOW})],
        NOW,
        agreement="reports_only",
        summary="Senders in IN wrote in our name",
    )
    changeable.store.put([Document(dataset="incidents", id=forged.id, fields={**forged.fields, "sources": ["dmarc"]})])
    page = changeable.page(f"/incidents/{forged.id}")
    assert "passes no tap of ours" in page and "The wire" not in page


def test_an_incident_is_listed_with_its_month(full: Site) -> None:
    begin = full.client.get("/api/incidents", params={"last": "all"}).json()["documents"][0]["window.begin"]
    assert f"<span>{datetime.fromisoformat(begin):%B %Y}</span>" in full.page("/incidents?last=all")
