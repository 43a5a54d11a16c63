"""``stripwatch check``"""

from __future__ import annotations

import typer

from stripwatch.check import findings
from stripwatch.cli.failure import INPUT_FAILED
from stripwatch.cli.options import Config, Json
from stripwatch.cli.output import Form, write
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

app = typer.Typer(rich_markup_mode=None, add_completion=False)
COLUMNS = [("state", ""), ("part", "part"), ("says", "says"), ("mend", "to do")]


@app.command()
def check(json: Json = False, config: Config = None) -> None:
    """Look at configuration, store, spool, intakes, clock and geo data: what is wrong, and how to mend it.

    Example: stripwatch check --config /etc/stripwatch/stripwatch.toml
    """
    site = Site(configuration_from(config))
    found = [finding.row() for finding in findings(site)]
    write(found, COLUMNS, Form.json if json else Form.table, "")
    if any(row["state"] == "error" for row in found):
        raise typer.Exit(INPUT_FAILED)
