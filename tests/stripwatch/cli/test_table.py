from rich.cells import cell_len
from rich.text import Text

from stripwatch.cli.table import lines

HEADINGS = ("id", "name", "count", "says")
ROWS = [("a" * 32, "多語言", "5", "A long sentence that no narrow terminal has room for."), ("b" * 32, "x", "12345", "")]


def shown(width: int | None) -> list[str]:
    rows = [[Text(cell) for cell in row] for row in ROWS]
    return [line.plain for line in lines(HEADINGS, rows, (False, False, True, False), width)]


def test_a_table_where_it_fits_or_in_a_pipe() -> None:
    piped = shown(None)
    assert piped == shown(200)
    assert len(piped) == 3
    assert [cell_len(line[: line.index("5") + 1]) for line in (piped[1], piped[2])] == [
        cell_len(piped[0][: piped[0].index("count") + 5])
    ] * 2
    assert all(line == line.rstrip() for line in piped)


def test_else_a_paragraph_a_row_with_every_value_whole() -> None:
    narrow = shown(40)
    assert narrow == [
        "id: " + "a" * 32,
        "  name: 多語言  count: 5",
        "  says: A long sentence that no narrow terminal has room for.",
        "",
        "id: " + "b" * 32,
        "  name: x  count: 12345",
    ]
