"""``stripwatch reports``"""

from __future__ import annotations

from typing import Annotated

import typer

from stripwatch.cli.listing import list_documents
from stripwatch.cli.options import Config, Csv, Json, Limit, Since, Until
from stripwatch.cli.output import form_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)
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


@app.command()
def reports(
    filters: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE filters, e.g. report.kind=tlsrpt counted=true")] = None,
    json: Json = False,
    csv: Csv = False,
    limit: Limit = 50,
    since: Since = None,
    until: Until = None,
    config: Config = None,
) -> None:
    """List the reports received, the newest first.

    Example: stripwatch reports organization.name=google.com --csv
    """
    list_documents(
        "reports",
        COLUMNS,
        config=config,
        form=form_of(json, csv),
        limit=limit,
        since=since,
        until=until,
        filters=filters or [],
        empty="No reports.",
    )
