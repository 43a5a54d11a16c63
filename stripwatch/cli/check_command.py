"""``stripwatch check``"""

from __future__ import annotations

from pathlib import Path

import click

from stripwatch.check import findings
from stripwatch.cli import options
from stripwatch.cli.failure import INPUT_FAILED, OK
from stripwatch.cli.output import Form, harmless, write
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

COLUMNS = [("state", ""), ("part", ""), ("says", ""), ("mend", "to do")]


@click.command()
@options.json
@options.config
def command(json: bool, config: Path | None) -> int:
    """Look at configuration, store, spool, intakes, clock and geo data: what is wrong, and how to mend it.

    \b
    Example: stripwatch check --config /etc/stripwatch/stripwatch.toml
    """
    site = Site(configuration_from(config))
    found = [finding.row() for finding in findings(site)]
    write(found, COLUMNS, Form.json if json else Form.table, "")
    records = [row["record"] for row in found if row["record"]]
    if records and not json:
        click.echo("\nTo publish, ready to paste into the zone:\n")
        click.echo("\n".join(harmless(line) for record in records for line in record.splitlines()))
    return INPUT_FAILED if any(row["state"] == "error" for row in found) else OK
