"""How rows leave the program: a table for people, JSON lines or CSV for programs.

Everything foreign is shown harmlessly: control characters (terminal escapes among them) are printed as escapes.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TextIO

import orjson


class Form(StrEnum):
    """The form of a listing."""

    table = "table"
    json = "json"
    csv = "csv"


def form_of(json: bool, csv: bool) -> Form:
    """The form that two switches ask for; JSON wins."""
    return Form.json if json else Form.csv if csv else Form.table


def harmless(text: str) -> str:
    """Text that cannot move a terminal's cursor: control and format characters become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cell(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return harmless(", ".join(str(item) for item in value))
    return harmless(str(value))


def write(rows: Iterable[Mapping[str, Any]], columns: Sequence[tuple[str, str]], form: Form, empty: str, out: TextIO | None = None) -> int:
    """Write rows and return how many there were. ``columns`` are (field, heading) for the table and the CSV; JSON has
    every field. ``empty`` is the sentence that stands where a table would have no rows."""
    out = out or sys.stdout
    if form is Form.json:
        return _json_lines(rows, out)
    if form is Form.csv:
        return _csv(rows, columns, out)
    return _table(list(rows), columns, empty, out)


def json_line(row: Mapping[str, Any]) -> str:
    """One JSON object; times as RFC 3339 UTC."""
    return orjson.dumps(row, option=orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS).decode()


def _json_lines(rows: Iterable[Mapping[str, Any]], out: TextIO) -> int:
    count = 0
    for row in rows:
        out.write(json_line(row) + "\n")
        count += 1
    return count


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[tuple[str, str]], out: TextIO) -> int:
    writer = csv.writer(out)
    writer.writerow([name for name, _ in columns])
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(row.get(name)) for name, _ in columns])
        count += 1
    return count


def _csv_cell(value: Any) -> str:
    """RFC 4180 text. A cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str]], empty: str, out: TextIO) -> int:
    from rich.console import Console
    from rich.text import Text

    from stripwatch.cli.table import lines

    if not rows:
        out.write(empty + "\n")
        return 0
    console = Console(file=out, soft_wrap=True, highlight=False)
    shown = [(name, heading) for name, heading in columns if any(row.get(name) is not None for row in rows)]
    numeric = [all(_is_number(row.get(name)) for row in rows) for name, _ in shown]
    cells = [[Text(cell(row.get(name)), _style(name, row.get(name))) for name, _ in shown] for row in rows]
    with console.capture() as captured:  # written by us: Console answers a closed pipe with an exit code of its own
        for line in lines([heading for _, heading in shown], cells, numeric, console.width if out.isatty() else None):
            console.print(line)
    out.write(captured.get())
    return len(rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | None) and not isinstance(value, bool)


def _style(name: str, value: Any) -> str:
    """Red is kept for stripping and for what is lost."""
    if value in ("stripped_offer", "stripped_command", "critical", "high", "dead_letter"):
        return "red"
    return "yellow" if value in ("tls_failed", "starttls_refused", "medium", "conflict", "warning", "error") else ""
