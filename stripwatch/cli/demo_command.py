"""``stripwatch demo``"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

import click

from ingest.store.protocol import StoreReader, select_all
from ingest.store.query import Filter, Selection
from stripwatch.cli.output import Form, write
from stripwatch.demo.nameserver import Nameserver
from stripwatch.demo.reports import SIGNERS
from stripwatch.demo.run import Demo, demo_configuration, quiet_logging, stored_counts
from stripwatch.demo.signing import SigningKeys
from stripwatch.serve.service import Service
from stripwatch.site import Site

COLUMNS = [
    ("severity", "severity"),
    ("rule", "rule"),
    ("month", "month"),
    ("country", "country"),
    ("affected", "affected"),
    ("total", "of"),
    ("at_least", "at least"),
    ("agreement", "seen by"),
    ("subject", "path, country, server …"),
]
SEEN_BY = {"wire_and_reports": "wire and reports", "wire_only": "wire", "reports_only": "reports"}


@click.command()
@click.option("--once", is_flag=True, help="Print what was stored and found, and end.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="Port of the dashboard; 0 takes a free one.")
def command(once: bool, port: int) -> None:
    """The whole product on this machine, with nothing configured: sample reports are mailed and posted to its own intakes,
    a sample capture goes through the sniffer. All addresses and names in it are invented.

    \b
    Example: stripwatch demo --once
    """
    folder = Path(tempfile.mkdtemp(prefix="stripwatch-demo-"))
    try:
        with quiet_logging():
            asyncio.run(_shown(folder, port, once))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _shown(folder: Path, port: int, once: bool) -> None:
    keys = SigningKeys()
    nameserver = await Nameserver.start(keys.records(SIGNERS))
    try:
        site = Site(demo_configuration(folder, port, nameserver.address, dict(os.environ)))
        await _served(site, keys, once)
    finally:
        nameserver.stop()


async def _served(site: Site, keys: SigningKeys, once: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service = Service(site)
    try:
        await service.start()
        host, port = service.addresses["dashboard"]
        click.echo(f"store      {site.configuration.store}, temporary data in {site.folders.root}")
        filling = asyncio.create_task(Demo(site, service, keys, click.echo).fill())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((filling, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not filling.done():
            filling.cancel()
            return
        filling.result()
        await asyncio.to_thread(_summary, service.store)
        click.echo(f"\ndashboard  http://{host}:{port}/")
        if once:
            click.echo("           closed again now; without --once it stays open")
        else:
            click.echo("           Ctrl-C ends the demo and removes its data")
            await stop.wait()
    finally:
        await service.stop()


def _summary(store: StoreReader) -> None:
    counts = stored_counts(store)
    click.echo("stored     " + ", ".join(f"{count} {name}" for name, count in counts.items() if count))
    for report in select_all(store, Selection(dataset="reports", where=(Filter("counted", "ne", (True,)),))):
        fields = report.fields
        click.echo(f"left out   a report in the name of {fields['organization.name']}: {fields['left_out']}")
    found = [document.fields for document in select_all(store, Selection(dataset="incidents"))]
    found.sort(key=lambda fields: (_GRAVITY.index(fields["severity"]), fields["rule"], fields["subject"]))
    rows = [_row(fields) for fields in found]
    click.echo(f"\n{len(rows)} incidents\n")
    write(rows, COLUMNS, Form.table, "No incidents.")


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    agreement, month = SEEN_BY.get(fields.get("agreement", ""), ""), f"{fields['window.begin']:%B}"
    return {**fields, "at_least": f"{fields['lower']:.0%}", "agreement": agreement, "month": month}


_GRAVITY = ("critical", "high", "medium", "low")
