"""Two tenants in one store: each page, listing and answer that is narrowed to one shows nothing of the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboards.rendering import PAGES
from dashboards.settings import DashboardSettings
from ingest.store.protocol import Document
from ingest.store.schema import DATASETS
from tests.dashboards.conftest import Site, running
from tests.dashboards.filler import NOW

WHEN = NOW - timedelta(hours=5)


def of_tenant(name: str, address: str) -> Iterator[Document]:
    """A document of each dataset with the tenant's name in whatever a page shows of it."""
    whose = {"@timestamp": WHEN, "tenant": name}
    report = {**whose, "report.uid": f"{name}-r", "organization.name": f"{name} Reporter", "policy.domain": f"{name}.example"}
    report |= {"provenance": "verified", "counted": True, "report.begin": WHEN}
    far = {"far_end.ip": address, "far_end.as.organization.name": f"{name} Net", "far_end.geo.country_iso_code": "TN"}
    fields = {
        "reports": {**report, "report.kind": "tlsrpt", "report.messages": 9, "report.failures": 3},
        "dmarc": {**report, **far, "source.ip": address, "dmarc.count": 7, "dmarc.header_from": f"{name}.example", "dmarc.aligned": False},
        "tlsrpt": {**report, "tlsrpt.successful_sessions": 6, "tlsrpt.failed_sessions": 3, "tlsrpt.mx_host": [f"mx.{name}.example"]},
        "tlsrpt_failures": {
            **report,
            **far,
            "tlsrpt.result_type": f"{name}-failure",
            "tlsrpt.failed_session_count": 3,
            "tlsrpt.receiving_mx_hostname": f"mx.{name}.example",
        },
        "sessions": {**whose, **far, "smtp.verdict": "stripped_command", "source.ip": address, "destination.ip": "192.0.2.25"}
        | {"network.path": f"{name}-path", "tls.cipher": f"{name}-cipher", "destination.domain": f"mx.{name}.example"},
        "incidents": {**whose, "rule": "starttls_stripped", "state": "open", "severity": "high", "summary": f"{name} is stripped"}
        | {"affected": 4, "total": 9, "share": 0.4, "lower": 0.1, "last_seen": WHEN, "first_seen": WHEN},
        "arrivals": {**whose, "way": f"{name}-way", "content": "mail", "outcome": "stored", "stored": 1},
    }
    assert fields.keys() == DATASETS.keys()
    for days in range(10, 40):  # a reporter that fell silent
        begin = NOW - timedelta(days=days)
        yield Document(dataset="reports", id=f"{name}-{days}", fields={**fields["reports"], "@timestamp": begin, "report.begin": begin})
    for dataset, values in fields.items():
        yield Document(dataset=dataset, id=f"{name}-{dataset}", fields=values)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    stored = [*of_tenant("alpha", "198.51.100.7"), *of_tenant("beta", "203.0.113.9")]
    with running(tmp_path_factory.mktemp("tenants"), stored, DashboardSettings()) as found:
        yield found


def without_the_choice(page: str) -> str:
    """A page but for the form's list of tenants."""
    return page.replace('<option value="beta">beta</option>', "")


@pytest.mark.parametrize("path", [path for title, path in PAGES if title != "Dead letters"])
def test_a_page_shows_one_tenant_only(site: Site, path: str) -> None:
    assert "beta" in site.page(f"{path}?last=90d"), "it would be shown"
    page = without_the_choice(site.page(f"{path}?last=90d&tenant=alpha"))
    assert "alpha" in page
    assert "beta" not in page and "203.0.113.9" not in page


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_api_shows_one_tenant_only(site: Site, dataset: str) -> None:
    found = site.client.get(f"/api/{dataset}?last=all&tenant=alpha").json()["documents"]
    assert {document["tenant"] for document in found} == {"alpha"}


def test_the_tenant_is_chosen_once_for_all_pages(site: Site) -> None:
    page = site.page("/reports?last=90d&tenant=alpha")
    assert '<a href="/senders?tenant=alpha&amp;last=90d"' in page
    assert '<option value="alpha" selected>' in page
