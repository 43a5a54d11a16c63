from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from dashboards.filters import read
from dashboards.pages.incidents import evidence, more_evidence, ranked_by_severity
from ingest.incidents.evaluation import evaluate
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document
from ingest.store.query import Query
from tests.dashboards.conftest import Site
from tests.dashboards.filler import NOW, incident
from tests.ingest.incidents.conftest import documents_of


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


def test_a_certificate_that_is_the_evidence_is_shown(changeable: Site) -> None:
    shown = {"smtp.verdict": "tls", "tls.server.subject": "CN=<interceptor>", "tls.certificate.trust": "self_signed", "smtp.evidence": []}
    session = Document(dataset="sessions", id="posing", fields={"@timestamp": NOW, "source.ip": "::1", "destination.ip": "::2", **shown})
    changeable.store.create([session])
    changed = incident("certificate_changed", "high", "NL", [session], NOW, summary="another certificate")
    changeable.store.put([changed])
    assert "CN=&lt;interceptor&gt;, self signed" in changeable.page(f"/incidents/{changed.id}")


def test_an_incident_is_listed_with_its_month(full: Site) -> None:
    begin = full.client.get("/api/incidents", params={"last": "all"}).json()["documents"][0]["window.begin"]
    assert f"<span>{datetime.fromisoformat(begin):%B %Y}</span>" in full.page("/incidents?last=all")


GOLDEN = Path(__file__).parents[2] / "golden/incidents"
FIRING = [path.parent for path in sorted(GOLDEN.glob("*/*/documents.ndjson")) if not path.parent.name.startswith("silent_")]


@pytest.mark.parametrize("case", FIRING, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_every_rule_leads_to_all_the_sessions_it_is_about(case: Path, tmp_path: Path) -> None:
    store = DuckStore(tmp_path / "store.duckdb", memory_limit="512MB", threads=1)
    try:
        store.create(documents_of(case / "documents.ndjson"))
        for found in evaluate(store, now=NOW):
            keys = found.to_document().fields["keys"]
            href = more_evidence(keys)
            assert (href is not None) == (keys["dataset"] == "sessions")
            if href:
                asked = dict(parse_qsl(urlsplit(href).query))
                since, until = datetime.fromisoformat(asked["since"]), datetime.fromisoformat(asked["until"])
                where = read(parse_qsl(urlsplit(href).query)).where("sessions")
                [row] = store.aggregate(Query(dataset="sessions", since=since, until=until, where=where))
                assert row["count"] == found.affected
    finally:
        store.close()
