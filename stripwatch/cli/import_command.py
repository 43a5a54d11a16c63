"""``stripwatch import``"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from collector.files import CaptureFile, FileProblem, FileSettings, read_paths
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from stripwatch.cli import options
from stripwatch.cli.failure import INPUT_FAILED, OK, complain
from stripwatch.cli.feeding import drain_here
from stripwatch.cli.outcome import say_outcome
from stripwatch.cli.progress import progress
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

GROUP_BYTES = 8 << 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=options.PATH, metavar="PATH…")
@options.config
def command(paths: tuple[Path, ...], config: Path | None) -> int:
    """Put what lies in files into the store, by the same way as what comes by mail.

    A PATH is a file (report, archive, mail, mbox, capture), a folder of them, a Maildir, or - for standard input.

    \b
    Example: stripwatch import ~/Maildir reports/ monday.pcapng.zst
    """
    site = Site(configuration_from(config))
    failed = False
    with site.spool() as spool, progress("read") as step:
        group: list[SpoolRecord] = []
        spooled: dict[str, str | None] = {}
        for found in read_paths(list(paths), FileSettings(), site.clock, _stdin()):
            step(1)
            if isinstance(found, FileProblem):
                complain(f"{found.path}: {found.reason}{': ' + found.detail if found.detail else ''}")
                failed = True
            elif isinstance(found, CaptureFile):
                failed |= not _sniff(site, spool, found)
            else:
                group.append(found)
                if sum(len(record.body) for record in group) >= GROUP_BYTES:
                    spooled |= _append(spool, group)
                    group.clear()
        spooled |= _append(spool, group)
        fed = spool.counters.records > 0
    drained = None
    if fed:
        with progress("stored") as step:
            drained = drain_here(site, step)
        if drained is not None and drained.tally.outcomes["dead_letter"]:
            _name_unusable(site, spooled)
        say_outcome(drained)
    return INPUT_FAILED if failed or (drained is not None and drained.tally.outcomes["dead_letter"]) else OK


def _append(spool: Spool, records: list[SpoolRecord]) -> dict[str, str | None]:
    """The records' ids and the files that they are from."""
    ids = spool.append_many(records)
    return {id: record.file_path for id, record in zip(ids, records, strict=True)}


def _name_unusable(site: Site, spooled: dict[str, str | None]) -> None:
    """One line for each thing of this import that became a dead letter."""
    folder = site.dead_letters()
    for letter in folder.letters(limit=folder.limits.letters):
        path = spooled.get(letter.record_id)
        if path is not None:
            place = f"{path}: {letter.item_name}" if letter.item_name else path
            complain(f"{place}: {letter.reason}: {letter.detail}")


def _sniff(site: Site, spool: Spool, capture: CaptureFile) -> bool:
    from stripwatch.cli.sniffing import session_lines, spool_sessions

    try:
        return spool_sessions(site, spool, session_lines(site, capture.stream or capture.path), str(capture.path))
    except OSError as error:
        complain(f"{capture.path}: {error.strerror or error}")
        return False


def _stdin() -> BinaryIO:
    import sys

    return sys.stdin.buffer
