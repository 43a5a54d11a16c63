"""Rows for people: a table where it fits the terminal, else a paragraph a row. Nothing is folded inside a value, so that
what is shown can be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

GAP = "  "
Cells = Sequence[Text]


def lines(headings: Sequence[str], rows: Sequence[Cells], numeric: Sequence[bool], width: int | None) -> Iterator[Text]:
    """One line each. ``width`` is the terminal's in columns, None for a pipe, where a table is as wide as it is."""
    widths = [max(cell_len(heading), *(cell_len(row[place].plain) for row in rows)) for place, heading in enumerate(headings)]
    if width is None or sum(widths) + len(GAP) * (len(widths) - 1) <= width:
        yield _line([Text(heading, "bold") for heading in headings], widths, numeric)
        for row in rows:
            yield _line(row, widths, numeric)
        return
    for number, row in enumerate(rows):
        if number:
            yield Text()
        yield from _paragraph(headings, row, width)


def _line(cells: Cells, widths: Sequence[int], numeric: Sequence[bool]) -> Text:
    line = Text()
    for place, (cell, width, right) in enumerate(zip(cells, widths, numeric, strict=True)):
        room = " " * (width - cell_len(cell.plain))
        line.append(GAP if place else "")
        line.append(room if right else "")
        line.append_text(cell)
        line.append("" if right else room)
    line.rstrip()
    return line


def _paragraph(headings: Sequence[str], row: Cells, width: int) -> Iterator[Text]:
    """``heading: value`` after each other, as many as fit on a line; what is empty is left out."""
    line = Text()
    for heading, cell in zip(headings, row, strict=True):
        if not cell.plain:
            continue
        piece = Text.assemble((f"{heading}: ", "dim") if heading else "", cell)
        if line.plain.strip() and cell_len(line.plain) + len(GAP) + cell_len(piece.plain) > width:
            yield line
            line = Text(GAP)
        elif line.plain.strip():
            line.append(GAP)
        line.append_text(piece)
    yield line
