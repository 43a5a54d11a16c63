"""``stripwatch deadletter``"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ingest.dead_letters.errors import DamagedLetter, UnknownLetter
from ingest.dead_letters.letter import LetterSummary
from stripwatch.cli.failure import INPUT_FAILED, CommandFailed, complain
from stripwatch.cli.feeding import drain_here
from stripwatch.cli.options import Config, Csv, Json, Limit
from stripwatch.cli.outcome import say_outcome
from stripwatch.cli.output import form_of, write
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
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


@app.callback()
def deadletter() -> None:
    """What came in and could not be used: why, and its raw bytes.

    Example: stripwatch deadletter list
    """


@app.command("list")
def list_(
    reason: Annotated[str | None, typer.Option("--reason", help="Only those of this reason.")] = None,
    json: Json = False,
    csv: Csv = False,
    limit: Limit = 50,
    config: Config = None,
) -> None:
    """List them, the newest first.

    Example: stripwatch deadletter list --reason bad_xml
    """
    letters = Site(configuration_from(config)).dead_letters().letters(reason=reason, limit=limit)
    write([_row(letter) for letter in letters], COLUMNS, form_of(json, csv), "No dead letters.")


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID")],
    config: Config = None,
) -> None:
    """Write the raw bytes of one to standard output, and why it is here to stderr.

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


@app.command()
def retry(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="All of this reason.")] = None,
    config: Config = None,
) -> None:
    """Put them back into the spool; those that still cannot be used come back.

    Example: stripwatch deadletter retry --reason bad_xml
    """
    if bool(letter_ids) == (every or reason is not None):
        raise typer.BadParameter("give ids, or --all, or --reason WORD")
    site = Site(configuration_from(config))
    folder = site.dead_letters()
    ids = letter_ids or [letter.id for letter in folder.letters(reason=reason, limit=folder.limits.letters) if not letter.damaged]
    failed = False
    with site.spool() as spool:
        for letter_id in ids:
            try:
                folder.retry(letter_id, spool.append)
            except UnknownLetter:
                complain(f"there is no dead letter {letter_id!r}")
                failed = True
            except DamagedLetter as error:
                complain(f"{letter_id}: damaged_letter: {error}")
                failed = True
    say_outcome(drain_here(site))
    if failed:
        raise typer.Exit(INPUT_FAILED)


def _row(letter: LetterSummary) -> dict[str, Any]:
    row = {name: getattr(letter, name) for name, _ in COLUMNS}
    row["time"] = datetime.fromtimestamp(letter.time / 1e9, UTC)
    return row
