"""``stripwatch export``"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click

from ingest.store.protocol import Document, StoreReader, select_all
from ingest.store.query import Selection
from ingest.store.schema import DATASETS, Dataset
from stripwatch.cli import options
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.listing import parsed_filters
from stripwatch.cli.options import moment
from stripwatch.cli.output import Form, json_line, write
from stripwatch.cli.reading import reading
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

BATCH = 10_000


class FileForm(StrEnum):
    parquet = "parquet"
    csv = "csv"
    ndjson = "ndjson"


@click.command()
@options.dataset
@options.filters
@click.option("--format", "-f", "form", type=click.Choice(FileForm), default=FileForm.ndjson, show_default=True, help="Of the file.")
@click.option("--output", "-o", type=options.PATH, metavar="FILE", help="File to write; standard output without it.")
@options.time_range
@options.config
def command(
    dataset: str,
    filters: tuple[str, ...],
    form: FileForm,
    output: Path | None,
    since: str | None,
    until: str | None,
    config: Path | None,
) -> None:
    """Write a whole dataset, oldest first, for analysis elsewhere. Memory does not grow with it.

    A FILTER is FIELD=VALUE (docs/fields.md has the fields); several must all hold.

    \b
    Example: stripwatch export sessions --format parquet --output sessions.parquet --since 30d
    """
    if form is FileForm.parquet and output is None and sys.stdout.isatty():
        raise CommandFailed("parquet is not for a terminal: give --output FILE", USAGE)
    site = Site(configuration_from(config))
    now = site.now()
    selection = Selection(
        dataset=dataset,
        since=moment(since, now),
        until=moment(until, now),
        where=parsed_filters(dataset, filters),
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
