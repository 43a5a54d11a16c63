"""Options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from stripwatch.cli.failure import USAGE, CommandFailed

Config = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file (TOML).", metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Csv = Annotated[bool, typer.Option("--csv", help="CSV with a heading.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows.")]
Since = Annotated[str | None, typer.Option("--since", help="Start of the time range: RFC 3339, a date, or 24h, 7d, 4w.", metavar="TIME")]
Until = Annotated[str | None, typer.Option("--until", help="End of it (exclusive).", metavar="TIME")]

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
