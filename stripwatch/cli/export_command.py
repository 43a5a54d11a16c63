"""``stripwatch export``"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TextIO

import typer

from ingest.store.protocol import Document, StoreReader, select_all
from ingest.store.query import Selection
from ingest.store.schema import DATASETS, Dataset
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.listing import parsed_filters
from stripwatch.cli.options import Config, Since, Until, moment
from stripwatch.cli.output import Form, json_line, write
from stripwatch.cli.reading import reading
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

app = typer.Typer(rich_markup_mode=None, add_completion=False)
BATCH = 10_000


class FileForm(StrEnum):
    parquet = "parquet"
    csv = "csv"
    ndjson = "ndjson"


@app.command()
def export(
    dataset: Annotated[str, typer.Argument(help=f"One of {', '.join(DATASETS)}.")],
    filters: Annotated[list[str] | None, typer.Argument(help="FIELD=VALUE filters.")] = None,
    form: Annotated[FileForm, typer.Option("--format", "-f", help="parquet, csv or ndjson.")] = FileForm.ndjson,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; standard output without it.")] = None,
    since: Since = None,
    until: Until = None,
    config: Config = None,
) -> None:
    """Write a whole dataset, oldest first, for analysis elsewhere. Memory does not grow with it.

    Example: stripwatch export sessions --format parquet --output sessions.parquet --since 30d
    """
    if dataset not in DATASETS:
        raise CommandFailed(f"there is no dataset {dataset!r}; it is one of {', '.join(DATASETS)}", USAGE)
    if form is FileForm.parquet and output is None and sys.stdout.isatty():
        raise CommandFailed("parquet is not for a terminal: give --output FILE", USAGE)
    site = Site(configuration_from(config))
    now = site.now()
    selection = Selection(
        dataset=dataset,
        since=moment(since, now),
        until=moment(until, now),
        where=parsed_filters(dataset, filters or []),
        ascending=True,
        limit=1000,
    )
    with reading(site) as store:
        _write(store, selection, form, output)


def _write(store: StoreReader, selection: Selection, form: FileForm, output: Path | None) -> None:
    documents = select_all(store, selection)
    dataset = DATASETS[selection.dataset]
    try:
        if form is FileForm.parquet:
            with output.open("wb") if output else sys.stdout.buffer as file:
                _parquet(documents, dataset, file)
        elif output is None:
            _text(documents, dataset, form, sys.stdout)
        else:
            with output.open("w", encoding="utf-8", newline="") as text:
                _text(documents, dataset, form, text)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandFailed(f"{output}: {error.strerror}") from error


def _text(documents: Iterable[Document], dataset: Dataset, form: FileForm, out: TextIO) -> None:
    rows = ({"id": document.id, **document.fields} for document in documents)
    if form is FileForm.csv:
        columns = [("id", "id"), *((field.name, field.name) for field in dataset.fields)]
        write((_json_cells(row, dataset) for row in rows), columns, Form.csv, "", out)
    else:
        write(rows, [], Form.json, "", out)


def _json_cells(row: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    nested = [field.name for field in dataset.fields if field.type == "json" and field.name in row]
    return {**row, **{name: json_line({"": row[name]})[4:-1] for name in nested}}


def _parquet(documents: Iterator[Document], dataset: Dataset, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "keyword": pa.string(),
        "keywords": pa.list_(pa.string()),
        "ip": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.timestamp("us", tz="UTC"),
        "json": pa.string(),
    }
    schema = pa.schema([("id", pa.string()), *((field.name, types[field.type]) for field in dataset.fields)])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(documents, BATCH)):
            rows = [_json_cells({"id": document.id, **document.fields}, dataset) for document in batch]
            columns = [pa.array([row.get(column.name) for row in rows], column.type) for column in schema]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
