"""``stripwatch reports``"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from dashboards.shapes.silence import reports_by_day, silences
from ingest.store.protocol import StoreReader
from ingest.store.query import Filter, Query
from stripwatch.cli import options
from stripwatch.cli.conflicts import choose, list_conflicts
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.listing import Asked, list_documents
from stripwatch.cli.output import form_of, harmless
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

COLUMNS = (
    "report.begin",
    "report.kind",
    "organization.name",
    "policy.domain",
    "report.messages",
    "report.failures",
    "failure.source_ip",
    "failure.auth_failure",
    "failure.delivery_result",
    "provenance",
    "left_out",
    "way",
    "report.warnings",
)
SAYS = f"""List the reports received, the newest first, and who has fallen silent; settle conflicts between them.

{options.FILTERS}

\b
Example: stripwatch reports organization.name=google.com --csv"""


@click.command(help=SAYS)
@options.filters
@click.option("--conflicts", is_flag=True, help="Only reports that claim one identity with different contents, side by side.")
@click.option("--choose", "chosen", metavar="ID", help="Make this one of conflicting reports count, and no other of them.")
@options.json
@options.csv
@options.limit(50)
@options.time_range
@options.config
def command(
    filters: tuple[str, ...],
    conflicts: bool,
    chosen: str | None,
    json: bool,
    csv: bool,
    limit: int,
    since: str | None,
    until: str | None,
    config: Path | None,
) -> None:
    site = Site(configuration_from(config))
    asked = Asked("reports", filters, form_of(json, csv), limit, since, until)
    if chosen is not None:
        if filters or conflicts:
            raise CommandFailed("--choose stands alone", USAGE)
        choose(site, chosen)
    elif conflicts:
        list_conflicts(site, asked)
    else:
        list_documents(site, asked, COLUMNS, _closing)


def _closing(store: StoreReader, now: datetime) -> Iterator[str]:
    yield from silent_reporters(store, now)
    found = store.aggregate(Query(dataset="reports", where=(Filter("conflict", "eq", (True,)),)))
    if found and found[0]["count"]:
        yield f"{found[0]['count']} in conflict with another: stripwatch reports --conflicts"


def silent_reporters(store: StoreReader, now: datetime) -> Iterator[str]:
    """A line for each reporter that used to report and does not any more."""
    for silence in silences(store.aggregate(reports_by_day(now)), now):
        kind = "TLS" if silence.kind == "tlsrpt" else "DMARC"
        yield f"{harmless(silence.reporter)} has sent no {kind} report for {silence.days} days"
