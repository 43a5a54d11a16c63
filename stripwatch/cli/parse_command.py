"""``stripwatch parse``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ingest.reports.model import Report
from ingest.reports.reader import FoundReport, Unusable, read_reports
from ingest.reports.render import render_report
from stripwatch.cli.failure import INPUT_FAILED, CommandFailed, complain
from stripwatch.cli.options import Config, Json
from stripwatch.cli.output import Form
from stripwatch.cli.output import write as write_rows
from stripwatch.configuration import configuration_from

app = typer.Typer(rich_markup_mode=None, add_completion=False)
COLUMNS = [
    ("kind", "kind"),
    ("org_name", "reporter"),
    ("policy_domain", "domain"),
    ("begin", "begin"),
    ("end", "end"),
    ("records", "records"),
    ("messages", "messages"),
    ("failures", "failures"),
    ("warnings", "warnings"),
]


@app.command()
def parse(
    files: Annotated[
        list[Path], typer.Argument(help="Reports: XML, JSON, gzip, zip, mail, mbox; - is standard input.", metavar="FILE…", readable=False)
    ],
    json: Json = False,
    config: Config = None,
) -> None:
    """Read reports and print them; nothing is stored.

    Example: stripwatch parse google.com!example.org!1700000000!1700086399.zip --json
    """
    limits = configuration_from(config).report_limits
    failed = False
    rows = []
    for path in files:
        try:
            with _opened(path) as stream:
                for item in read_reports(stream, limits=limits):
                    if isinstance(item, Unusable):
                        place = f"{path}: {item.where}" if item.where else str(path)
                        complain(f"{place}: {item.error.reason}: {item.error}")
                        failed = True
                    elif json:
                        sys.stdout.buffer.writelines(render_report(item.report))
                    else:
                        rows.append(_row(item))
        except OSError as error:
            complain(f"{path}: {error.strerror or error}")
            failed = True
    sys.stdout.buffer.flush()
    if rows:
        write_rows(rows, COLUMNS, Form.table, "")
    if failed:
        raise typer.Exit(INPUT_FAILED)


def _opened(path: Path) -> BinaryIO:
    if str(path) == "-":
        return sys.stdin.buffer
    if path.is_dir():
        raise CommandFailed(f"{path} is a folder: stripwatch import takes folders")
    return path.open("rb")


def _row(found: FoundReport) -> dict[str, object]:
    report: Report = found.report
    row: dict[str, object] = {name: getattr(report, name) for name in ("kind", "org_name", "policy_domain", "begin", "end")}
    row["warnings"] = list(report.warnings)
    if report.kind == "dmarc":
        row |= {"records": len(report.records), "messages": report.messages, "failures": report.unaligned}
    elif report.kind == "tlsrpt":
        row |= {"records": len(report.policies), "messages": report.sessions, "failures": report.failures}
    return row
