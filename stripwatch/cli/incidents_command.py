"""``stripwatch incidents``"""

from __future__ import annotations

from typing import Annotated

import typer

from stripwatch.cli.listing import list_documents
from stripwatch.cli.options import Config, Csv, Json, Limit, Since, Until
from stripwatch.cli.output import form_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)
COLUMNS = ("severity", "state", "rule", "subject", "affected", "total", "lower", "agreement", "last_seen", "summary")


@app.command()
def incidents(
    filters: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE filters, e.g. state=open rule=starttls_stripped")] = None,
    json: Json = False,
    csv: Csv = False,
    limit: Limit = 50,
    since: Since = None,
    until: Until = None,
    config: Config = None,
) -> None:
    """List what was found, the newest first.

    Example: stripwatch incidents state=open --since 7d
    """
    list_documents(
        "incidents",
        COLUMNS,
        config=config,
        form=form_of(json, csv),
        limit=limit,
        since=since,
        until=until,
        filters=filters or [],
        empty="No incidents.",
    )
