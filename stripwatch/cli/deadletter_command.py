"""``stripwatch deadletter``"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from ingest.dead_letters.errors import DamagedLetter, UnknownLetter
from ingest.dead_letters.letter import LetterSummary
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from stripwatch.cli import options
from stripwatch.cli.failure import CommandFailed, complain
from stripwatch.cli.feeding import drained
from stripwatch.cli.outcome import outcome_code
from stripwatch.cli.output import form_of, write
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

COLUMNS = [
    ("id", "id"),
    ("time", "time"),
    ("way", "way"),
    ("reason", "reason"),
    ("detail", "detail"),
    ("item_name", "item"),
    ("peer_address", "from"),
    ("size", "bytes"),
]


@click.group()
def command() -> None:
    """What came in and could not be used: why, and its raw bytes.

    \b
    Example: stripwatch deadletter list
    """


@command.command("list")
@click.option("--reason", metavar="WORD", help="Only those of this reason.")
@options.json
@options.csv
@options.limit(50)
@options.config
def list_(reason: str | None, json: bool, csv: bool, limit: int, config: Path | None) -> None:
    """List them, the newest first.

    \b
    Example: stripwatch deadletter list --reason bad_xml
    """
    letters = Site(configuration_from(config)).dead_letters().letters(reason=reason, limit=limit)
    write([_row(letter) for letter in letters], COLUMNS, form_of(json, csv), "No dead letters.")


@command.command()
@click.argument("letter_id", metavar="ID")
@options.config
def show(letter_id: str, config: Path | None) -> None:
    """Write the raw bytes of one, and why it is here.

    The bytes go to standard output as they came, the reason to stderr.

    \b
    Example: stripwatch deadletter show 0f3a…-0000 > item.bin
    """
    folder = Site(configuration_from(config)).dead_letters()
    try:
        letter = folder.get(letter_id)
        raw, why = letter.raw, f"{letter.reason}: {letter.detail}"
    except UnknownLetter as error:
        raise CommandFailed(f"there is no dead letter {letter_id!r}") from error
    except DamagedLetter as error:
        raw, why = folder.raw_file(letter_id), f"damaged_letter: {error}; the file as it is"
    complain(why)
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()


@command.command()
@click.argument("letter_ids", nargs=-1, metavar="ID…")
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--reason", metavar="WORD", help="All of this reason.")
@options.config
def retry(letter_ids: tuple[str, ...], every: bool, reason: str | None, config: Path | None) -> int:
    """Put them back into the spool.

    Those that still cannot be used come back, and are named.

    \b
    Example: stripwatch deadletter retry --reason bad_xml
    """
    if bool(letter_ids) == (every or reason is not None):
        raise click.UsageError("give ids, or --all, or --reason WORD")
    site = Site(configuration_from(config))
    folder = site.dead_letters()
    ids = letter_ids or [letter.id for letter in folder.letters(reason=reason, limit=folder.limits.letters) if not letter.damaged]
    failed = False
    names: dict[str, str] = {}
    with site.spool() as spool:
        for letter_id in ids:
            try:
                folder.retry(letter_id, partial(_append, spool, names, letter_id))
            except UnknownLetter:
                complain(f"there is no dead letter {letter_id!r}")
                failed = True
            except DamagedLetter as error:
                complain(f"{letter_id}: damaged_letter: {error}")
                failed = True
    return outcome_code(site, drained(site, list(names)), names, failed)


def _append(spool: Spool, names: dict[str, str], letter_id: str, record: SpoolRecord) -> None:
    names[spool.append(record)] = letter_id


def _row(letter: LetterSummary) -> dict[str, Any]:
    row = {name: getattr(letter, name) for name, _ in COLUMNS}
    row["time"] = datetime.fromtimestamp(letter.time / 1e9, UTC)
    return row
