"""``stripwatch check``"""

from __future__ import annotations

from pathlib import Path

import click

from stripwatch.check import findings, send_alert
from stripwatch.cli import options
from stripwatch.cli.failure import INPUT_FAILED, OK
from stripwatch.cli.output import Form, harmless, write
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

COLUMNS = [("state", ""), ("part", ""), ("says", ""), ("mend", "to do")]


@click.command()
@options.json
@click.option("--send-alert", "send_alert_too", is_flag=True, help="Tell every address of [alerts] urls that this is a test.")
@options.config
def command(json: bool, config: Path | None, send_alert_too: bool) -> int:
    """Look at configuration, store, spool, intakes, clock and geo data: what is wrong, and how to mend it.

    \b
    Example: stripwatch check --config /etc/stripwatch/stripwatch.toml
    """
    site = Site(configuration_from(config))
    found = [finding.row() for finding in (*findings(site), *(send_alert(site) if send_alert_too else ()))]
    write(found, COLUMNS, Form.json if json else Form.table, "")
    records = [row["record"] for row in found if row["record"]]
    if records and not json:
        click.echo("\nTo publish, ready to paste into the zone:\n")
        click.echo("\n".join(harmless(line) for record in records for line in record.splitlines()))
    return INPUT_FAILED if any(row["state"] == "error" for row in found) else OK
