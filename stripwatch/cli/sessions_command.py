"""``stripwatch sessions``"""

from __future__ import annotations

from typing import Annotated

import typer

from stripwatch.cli.listing import list_documents
from stripwatch.cli.options import Config, Csv, Json, Limit, Since, Until
from stripwatch.cli.output import form_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)
COLUMNS = (
    "@timestamp",
    "smtp.verdict",
    "network.direction",
    "source.ip",
    "destination.ip",
    "far_end.geo.country_iso_code",
    "tls.version",
    "tls.cipher",
    "network.path",
)


@app.command()
def sessions(
    filters: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE filters, e.g. smtp.verdict=stripped_offer")] = None,
    json: Json = False,
    csv: Csv = False,
    limit: Limit = 50,
    since: Since = None,
    until: Until = None,
    config: Config = None,
) -> None:
    """List the mail sessions seen on the wire, the newest first.

    Example: stripwatch sessions far_end.geo.country_iso_code=TN --since 24h
    """
    list_documents(
        "sessions",
        COLUMNS,
        config=config,
        form=form_of(json, csv),
        limit=limit,
        since=since,
        until=until,
        filters=filters or [],
        empty="No sessions.",
    )
