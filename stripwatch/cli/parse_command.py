"""``stripwatch parse``"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from ingest.reports.model import Report
from ingest.reports.reader import FoundReport, Unusable, read_reports
from ingest.reports.render import render_report
from stripwatch.cli import options
from stripwatch.cli.failure import INPUT_FAILED, OK, CommandFailed, complain
from stripwatch.cli.output import Form
from stripwatch.cli.output import write as write_rows
from stripwatch.configuration import configuration_from

COLUMNS = [
    ("kind", "kind"),
    ("org_name", "reporter"),
    ("policy_domain", "domain"),
    ("begin", "begin"),
    ("end", "end"),
    ("records", "records"),
    ("messages", "messages"),
    ("failures", "failures"),
    ("source_ip", "source"),
    ("original_from", "from"),
    ("auth_failure", "what failed"),
    ("delivery_result", "delivery"),
    ("warnings", "warnings"),
]


@click.command()
@click.argument("files", nargs=-1, required=True, type=options.PATH, metavar="FILE…")
@options.json
@options.config
def command(files: tuple[Path, ...], json: bool, config: Path | None) -> int:
    """Read reports and print them; nothing is stored.

    A FILE is XML, JSON, gzip, zip, a mail or an mbox, told by its content; - is standard input.

    \b
    Example: stripwatch parse google.com!example.org!1700000000!1700086399.zip --json
    """
    configuration = configuration_from(config)
    limits, privacy = configuration.report_limits, configuration.reports.privacy
    failed = False
    rows = []
    for path in files:
        try:
            with _opened(path) as stream:
                for item in read_reports(stream, limits=limits, privacy=privacy):
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
    return INPUT_FAILED if failed else OK


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
    else:
        row |= {name: getattr(report, name) for name in ("source_ip", "original_from", "delivery_result")}
        row |= {"messages": report.incidents, "failures": report.incidents, "auth_failure": list(report.auth_failure) or None}
    return row
