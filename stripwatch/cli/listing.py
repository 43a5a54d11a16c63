"""Listing documents of one dataset: the common part of ``incidents``, ``sessions`` and ``reports``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.store.errors import QueryError
from ingest.store.protocol import StoreReader, select_all
from ingest.store.query import Filter, Selection
from ingest.store.query_text import parse_filters
from ingest.store.schema import DATASETS
from stripwatch.cli.failure import USAGE, CommandFailed
from stripwatch.cli.options import moment
from stripwatch.cli.output import Form, write
from stripwatch.cli.reading import reading
from stripwatch.configuration import configuration_from
from stripwatch.site import Site


def list_documents(
    dataset: str,
    columns: Sequence[str],
    *,
    config: Path | None,
    form: Form,
    limit: int,
    since: str | None,
    until: str | None,
    filters: Sequence[str],
    empty: str,
    where: tuple[Filter, ...] = (),
) -> None:
    """Print the newest documents. ``columns`` are fields; their headings come from the schema table."""
    site = Site(configuration_from(config))
    asked = parsed_filters(dataset, filters) + where
    now = site.now()
    selection = Selection(dataset=dataset, since=moment(since, now), until=moment(until, now), where=asked, limit=min(limit, 500))
    headings = [("id", "id"), *((name, DATASETS[dataset].field(name).title) for name in columns)]
    with reading(site) as store:
        shown = write(islice(_rows(store, selection), limit), headings, form, empty)
    if form is Form.table and shown == limit:
        import sys

        sys.stderr.write(f"the newest {limit}; --limit shows more\n")


def parsed_filters(dataset: str, filters: Sequence[str]) -> tuple[Filter, ...]:
    """FIELD=VALUE arguments. Raises CommandFailed with what is wrong with one."""
    try:
        return tuple(found for text in filters for found in parse_filters(dataset, text))
    except QueryError as error:
        raise CommandFailed(str(error), USAGE) from error


def _rows(store: StoreReader, selection: Selection) -> Iterator[Mapping[str, Any]]:
    for document in select_all(store, selection):
        yield {"id": document.id, **document.fields}
