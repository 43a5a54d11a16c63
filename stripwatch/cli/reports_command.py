"""``stripwatch reports``"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dashboards.shapes.silence import reports_by_day, silences
from ingest.store.protocol import StoreReader
from stripwatch.cli.listing import listing
from stripwatch.cli.output import harmless

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


def silent_reporters(store: StoreReader, now: datetime) -> Iterator[str]:
    """A line for each reporter that used to report and does not any more."""
    for silence in silences(store.aggregate(reports_by_day(now)), now):
        kind = "TLS" if silence.kind == "tlsrpt" else "DMARC"
        yield f"{harmless(silence.reporter)} has sent no {kind} report for {silence.days} days"


command = listing(
    "reports",
    COLUMNS,
    says="List the reports received, the newest first, and who has fallen silent.",
    example="stripwatch reports organization.name=google.com --csv",
    closing=silent_reporters,
)
