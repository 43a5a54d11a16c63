"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from stripwatch.cli.failure import USAGE, CommandFailed

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
FILTERS = "A FILTER is FIELD=VALUE (docs/fields.md has the fields), or id=ID; several must all hold."

config = click.option("--config", "-c", type=PATH, metavar="FILE", help="Configuration file (TOML).")
json = click.option("--json", is_flag=True, help="One JSON object a line.")
csv = click.option("--csv", is_flag=True, help="CSV with a heading.")
since = click.option("--since", metavar="TIME", help="Start of the time range: RFC 3339, a date, or 24h, 7d, 4w; all time without it.")
until = click.option("--until", metavar="TIME", help="End of it (exclusive).")
filters = click.argument("filters", nargs=-1, metavar="[FILTER]…")


def limit(default: int) -> Callable[[Command], Command]:
    """``--limit``: how many rows at most."""
    return click.option("--limit", "-n", type=click.IntRange(min=1), default=default, show_default=True, metavar="N", help="Rows at most.")


def time_range(command: Command) -> Command:
    """``--since`` and ``--until``."""
    return since(until(command))


def dataset(command: Command) -> Command:
    """The dataset that is asked."""
    from ingest.store.schema import DATASETS

    return click.argument("dataset", type=click.Choice(list(DATASETS)))(command)


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str | None, now: datetime) -> datetime | None:
    """A time as people give it: RFC 3339, a date, or how long ago. Raises CommandFailed."""
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdecimal() and len(number) < 6:
        return now - timedelta(**{_UNITS[unit]: int(number)})
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(f"{text!r} is no time: give 2026-11-24, 2026-11-24T10:00Z or 7d", USAGE) from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
