"""``stripwatch import``"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import BinaryIO

import click

from collector.files import CaptureFile, FileProblem, FileSettings, LogFile, read_paths
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from stripwatch.cli import options
from stripwatch.cli.failure import complain
from stripwatch.cli.feeding import drained
from stripwatch.cli.logs import Logs
from stripwatch.cli.outcome import outcome_code
from stripwatch.cli.progress import progress
from stripwatch.configuration import Configuration, configuration_from
from stripwatch.site import Site

GROUP_BYTES = 8 << 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=options.PATH, metavar="PATH…")
@click.option("--observer", metavar="NAME", help="The sensor that captures and logs are from; logs may name it themselves.")
@options.config
def command(paths: tuple[Path, ...], observer: str | None, config: Path | None) -> int:
    """Put what lies in files into the store, by the same way as what comes by mail.

    A PATH is a file (report, archive, mail, mbox, capture, log of Zeek's or Suricata's), a folder of them, a Maildir, or -
    for standard input. Lines of logs about the same session are joined, so name all logs of a time together.

    \b
    Example: stripwatch import ~/Maildir reports/ monday.pcapng.zst
    Example: stripwatch import /var/log/zeek/2026-11-24 --observer berlin
    """
    site = Site(_observed_by(configuration_from(config), observer))
    failed = False
    with site.spool() as spool, progress("read") as step, Logs(site, observer) as logs:
        group: list[SpoolRecord] = []
        names: dict[str, str] = {}
        for found in read_paths(list(paths), FileSettings(), site.clock, _stdin()):
            step(1)
            if isinstance(found, FileProblem):
                complain(f"{found.path}: {found.reason}{': ' + found.detail if found.detail else ''}")
                failed = True
            elif isinstance(found, CaptureFile):
                failed |= not _sniff(site, spool, found, names)
            elif isinstance(found, LogFile):
                failed |= not logs.read(found)
            else:
                group.append(found)
                if sum(len(record.body) for record in group) >= GROUP_BYTES:
                    names |= _append(spool, group)
                    group.clear()
        names |= _append(spool, group)
        failed |= not logs.spool(spool, names)
    with progress("stored") as step:
        done = drained(site, list(names), step)
    return outcome_code(site, done, names, failed)


def _observed_by(configuration: Configuration, observer: str | None) -> Configuration:
    if observer is None:
        return configuration
    return dataclasses.replace(configuration, sniff=dataclasses.replace(configuration.sniff, observer=observer))


def _append(spool: Spool, records: list[SpoolRecord]) -> dict[str, str]:
    """The records' ids and the files that they are from."""
    return dict(zip(spool.append_many(records), (record.file_path or "-" for record in records), strict=True))


def _sniff(site: Site, spool: Spool, capture: CaptureFile, names: dict[str, str]) -> bool:
    from stripwatch.cli.sniffing import session_lines, spool_sessions

    try:
        return spool_sessions(site, spool, session_lines(site, capture.stream or capture.path), str(capture.path), names)
    except OSError as error:
        complain(f"{capture.path}: {error.strerror or error}")
        return False


def _stdin() -> BinaryIO:
    import sys

    return sys.stdin.buffer
