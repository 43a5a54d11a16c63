"""Listing documents of one dataset: what ``incidents``, ``sessions`` and ``reports`` are made of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click

from ingest.store.errors import QueryError
from ingest.store.protocol import Document, StoreReader, select_all
from ingest.store.query import Filter, Selection
from ingest.store.query_text import parse_filters
from ingest.store.schema import DATASETS
from stripwatch.cli import options
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.options import moment
from stripwatch.cli.output import Form, form_of, write
from stripwatch.cli.reading import reading
from stripwatch.configuration import configuration_from
from stripwatch.site import Site

PAGE = 500
"""Documents fetched at once."""
Closing = Callable[[StoreReader, datetime], Iterable[str]]
"""Lines that stand below a table, from the store and the time now."""


def listing(dataset: str, columns: Sequence[str], *, says: str, example: str) -> click.Command:
    """A command that lists the newest documents of a dataset. ``columns`` are fields, ``says`` its help's first line."""

    @click.command(help=f"{says}\n\n{options.FILTERS}\n\n\b\nExample: {example}")
    @options.filters
    @options.json
    @options.csv
    @options.limit(50)
    @options.time_range
    @options.config
    def command(
        filters: tuple[str, ...], json: bool, csv: bool, limit: int, since: str | None, until: str | None, config: Path | None
    ) -> None:
        asked = Asked(dataset, filters, form_of(json, csv), limit, since, until)
        list_documents(Site(configuration_from(config)), asked, columns)

    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """What a listing was asked for. ``filters`` are FIELD=VALUE texts, ``since`` and ``until`` times as people give them."""

    dataset: str
    filters: tuple[str, ...]
    form: Form
    limit: int
    since: str | None
    until: str | None

    def selection(self, now: datetime) -> Selection:
        """Raises CommandFailed with what is wrong."""
        since, until = moment(self.since, now), moment(self.until, now)
        where = parsed_filters(self.dataset, self.filters)
        return Selection(dataset=self.dataset, since=since, until=until, where=where, limit=min(self.limit, PAGE))


def list_documents(site: Site, asked: Asked, columns: Sequence[str], closing: Closing | None = None) -> None:
    """Write the newest documents; ``closing`` gives the lines below a table of all."""
    now = site.now()
    ids = [text.removeprefix("id=") for text in asked.filters if text.startswith("id=")]
    if ids:
        _list_by_id(site, asked, columns, [id for text in ids for id in text.split(",")])
        return
    selection = asked.selection(now)
    with reading(site) as store:
        _write(store, selection, columns, asked.form, asked.limit)
        if closing is not None and asked.form is Form.table and not asked.filters:
            sys.stdout.writelines(f"{line}\n" for line in closing(store, now))


def _write(store: StoreReader, selection: Selection, columns: Sequence[str], form: Form, limit: int) -> None:
    """The documents; headings come from the schema table."""
    dataset = selection.dataset
    shown = write(islice(_rows(store, selection), limit), _headings(dataset, columns), form, f"No {dataset}.")
    if form is Form.table and shown == limit:
        sys.stderr.write(f"the newest {limit}; --limit shows more\n")


def _list_by_id(site: Site, asked: Asked, columns: Sequence[str], ids: Sequence[str]) -> None:
    """An id says all: it stands without other filters. Raises CommandFailed, also for one that is not there."""
    if asked.since or asked.until or not all(text.startswith("id=") for text in asked.filters):
        raise CommandFailed("id= names documents: it goes with no other filter and no time range", USAGE)
    with reading(site) as store:
        found = [store.get(asked.dataset, id) for id in ids]
    missing = [id for id, document in zip(ids, found, strict=True) if document is None]
    write([_row(document) for document in found if document], _headings(asked.dataset, columns), asked.form, f"No {asked.dataset}.")
    if missing:
        raise CommandFailed(f"{asked.dataset}: nothing has the id {', '.join(missing)}")


def _headings(dataset: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    return [("id", "id"), *((name, DATASETS[dataset].field(name).title) for name in columns)]


def parsed_filters(dataset: str, filters: Sequence[str]) -> tuple[Filter, ...]:
    """FIELD=VALUE arguments. Raises CommandFailed with what is wrong with one."""
    try:
        return tuple(found for text in filters for found in parse_filters(dataset, text))
    except QueryError as error:
        raise CommandFailed(str(error), USAGE) from error


def _rows(store: StoreReader, selection: Selection) -> Iterator[Mapping[str, Any]]:
    for document in select_all(store, selection):
        yield _row(document)


def _row(document: Document) -> Mapping[str, Any]:
    return {"id": document.id, **document.fields}
