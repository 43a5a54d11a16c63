"""``stripwatch reports``"""

from __future__ import annotations

from stripwatch.cli.listing import listing

COLUMNS = (
    "report.begin",
    "report.kind",
    "organization.name",
    "policy.domain",
    "report.messages",
    "report.failures",
    "provenance",
    "left_out",
    "way",
    "report.warnings",
)
app = listing(
    "reports", COLUMNS, says="List the reports received, the newest first.", example="stripwatch reports organization.name=google.com --csv"
)
