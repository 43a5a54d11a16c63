"""A DMARC failure report from the golden case to its page and the listing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dashboards.settings import DashboardSettings
from ingest.documents.reports import Standing, report_document
from ingest.reports.reader import FoundReport, read_reports
from tests.dashboards.conftest import running

GOLDEN = Path(__file__).parents[2] / "golden" / "reports" / "failure-every-field" / "input.eml"


def test_a_failure_report_is_shown_without_what_is_private(tmp_path: Path) -> None:
    (item,) = read_reports(GOLDEN.read_bytes())
    assert isinstance(item, FoundReport)
    standing = Standing(uid="f" * 32, content_hash=item.sha256, provenance="verified")
    arrived = datetime(2026, 11, 1, tzinfo=UTC)
    stored = report_document(item.report, standing, arrived, "smtp", "192.0.2.1", {"tenant": "Alpha"})
    with running(tmp_path, [stored], DashboardSettings()) as site:
        page = site.page(f"/reports/{stored.id}")
        for shown in ("203.0.113.5", "What failed", "dmarc", "3 messages", "Reject", "…@mail.example", "v=spf1 -all", "tenant=Alpha"):
            assert shown in page, shown
        for private in ("alice@", "bob@", "secret plans", "The plan is"):
            assert private not in page
        listed = site.page("/reports?last=all&kind=failure")
        assert "DMARC failure" in listed and stored.id in listed
        assert stored.id not in site.page("/reports?last=all&tenant=Beta")
