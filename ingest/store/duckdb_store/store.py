"""The store in one DuckDB file.

Invariants: one connection writes, under one lock, in one transaction a call, and a call returns after the commit's
fsync; each read has a cursor of its own and sees only what is committed. Nothing but the opening changes a table's
shape. After a fatal error (DuckDB closes its own database then) the next call opens the file again.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.store.admission import Rejected, admit
from ingest.store.answer import key_type, metric_type, ordered, too_many_groups
from ingest.store.check import TIME, checked_query, checked_selection, group_keys, known_dataset
from ingest.store.cursor import render_cursor
from ingest.store.duckdb_store.batch import arrow_batch, document_from_row
from ingest.store.duckdb_store.files import open_file
from ingest.store.duckdb_store.rows import Row, known_form
from ingest.store.duckdb_store.sql import aggregate_statement, select_statement
from ingest.store.duckdb_store.tables import create_statement, growth_statements, quoted, selected_columns
from ingest.store.errors import DocumentRejected, StoreDamaged, StoreUnavailable
from ingest.store.protocol import CREATED, EXISTS, Document, Fate, Page
from ingest.store.query import MAX_GROUPS, Query, Selection
from ingest.store.query import Row as Answer
from ingest.store.schema import DATASETS, Dataset
from ingest.store.values import floor_millisecond


class DuckStore:
    """A Store over one DuckDB file.

    ``memory_limit`` is DuckDB's own setting ("1GB"); the primary keys' indexes come on top of it, about 250 bytes
    a document. ``threads`` is None for all cores. Opening raises StoreLocked,
    StoreDamaged or StoreUnavailable.
    """

    name = "duckdb"

    def __init__(
        self,
        path: Path | str,
        *,
        memory_limit: str = "1GB",
        threads: int | None = None,
    ) -> None:
        self.path = Path(path)
        self._memory_limit = memory_limit
        self._threads = threads
        self._writing = threading.RLock()
        self._broken = False
        self._connection = self._open()

    def prepare(self) -> None:
        """Nothing is left to do: opening has made the tables and the columns that the schema table gained."""

    def create(self, documents: Sequence[Document]) -> list[Fate]:
        admitted = admit(documents, _row)
        fates = admitted.fates
        by_dataset: dict[str, list[int]] = defaultdict(list)
        for place in admitted.documents:
            by_dataset[documents[place].dataset].append(place)
        with self._transaction() as connection:
            for name, places in by_dataset.items():
                batch = [admitted.documents[place] for place in places]
                made = _insert(connection, DATASETS[name], batch)
                for place in places:
                    fates[place] = CREATED if documents[place].id in made else EXISTS
        return [fates[place] for place in range(len(documents))]

    def put(self, documents: Sequence[Document]) -> None:
        """Of several documents with one id the last is kept. Raises DocumentRejected, with nothing written, when one
        of them can never be stored."""
        last: dict[str, dict[str, Row]] = defaultdict(dict)
        for document in documents:
            try:
                last[document.dataset][document.id] = _row(document)
            except Rejected as rejected:
                raise DocumentRejected(f"{document.dataset} {document.id}: {rejected}") from None
        with self._transaction() as connection:
            for name, rows in last.items():
                _replace(connection, DATASETS[name], list(rows.values()))

    def delete_before(self, dataset: str, time: datetime) -> int:
        table = quoted(known_dataset(dataset).name)
        moment = time.astimezone(UTC).replace(tzinfo=None)
        with self._transaction() as connection:
            gone = connection.execute(f"DELETE FROM {table} WHERE {quoted(TIME)} < ?", [moment]).fetchone()
        return int(gone[0])

    def aggregate(self, query: Query) -> list[Answer]:
        query = checked_query(query)
        statement = aggregate_statement(query)
        raw = self._read(statement.text, statement.parameters)
        if len(raw) > MAX_GROUPS:
            raise too_many_groups()
        return ordered(query, _rows(query, raw))

    def select(self, selection: Selection) -> Page:
        selection = checked_selection(selection)
        dataset = DATASETS[selection.dataset]
        fields = tuple(f for f in dataset.fields if not selection.fields or f.name in selection.fields or f.name == TIME)
        statement = select_statement(selection, fields)
        raw = self._read(statement.text, statement.parameters)
        documents = [document_from_row(dataset, fields, row) for row in raw[: selection.limit]]
        if len(raw) <= selection.limit:
            return Page(documents)
        return Page(documents, render_cursor(documents[-1].time, documents[-1].id))

    def get(self, dataset: str, id: str) -> Document | None:
        known = known_dataset(dataset)
        text = f"SELECT id{selected_columns(known.fields)} FROM {quoted(known.name)} WHERE id = ?"
        raw = self._read(text, [id])
        return document_from_row(known, known.fields, raw[0]) if raw else None

    def refresh(self) -> None:
        """Nothing: what is committed can be read."""

    def close(self) -> None:
        with self._writing:
            self._connection.close()

    def _open(self) -> Any:
        connection = open_file(self.path, self._memory_limit, self._threads)
        try:
            _shape(connection)
        except (duckdb.Error, ValueError) as error:
            connection.close()
            if isinstance(error, duckdb.IOException) or "no space left" in str(error).lower():  # a full disk is no damage
                raise StoreUnavailable(f"{self.path}: {_line(error)}") from error
            raise StoreDamaged(f"the tables of {self.path} are not as they should be: {_line(error)}") from error
        return connection

    def _living(self) -> Any:
        """The connection, opened again when a fatal error closed it."""
        if self._broken:
            with self._writing:
                if self._broken:
                    self._connection.close()
                    self._connection = self._open()
                    self._broken = False
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """One transaction: committed at the end, rolled back by any error. A database error is StoreUnavailable."""
        with self._writing:
            connection = self._living()
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            except duckdb.Error as error:
                self._abandon(connection, error)
                raise StoreUnavailable(f"{self.path}: {_line(error)}") from error

    def _abandon(self, connection: Any, error: duckdb.Error) -> None:
        if _is_fatal(error):
            self._broken = True
            return
        try:
            connection.execute("ROLLBACK")
        except duckdb.TransactionException:
            pass  # a commit that failed has rolled back by itself
        except duckdb.Error:
            self._broken = True

    def _read(self, text: str, parameters: list[Any]) -> list[Any]:
        try:
            with self._living().cursor() as cursor:
                rows: list[Any] = cursor.execute(text, parameters).fetchall()
                return rows
        except duckdb.Error as error:
            self._broken = self._broken or _is_fatal(error)
            raise StoreUnavailable(f"{self.path}: {_line(error)}") from error


def _shape(connection: Any) -> None:
    """Make the tables that are missing and add the columns that the schema table gained."""
    for dataset in DATASETS.values():
        connection.execute(create_statement(dataset))
        present = dict(
            connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()",
                [dataset.name],
            ).fetchall()
        )
        for statement in growth_statements(dataset, present):
            connection.execute(statement)


def _row(document: Document) -> Row:
    """Raises Rejected."""
    return known_form(document.dataset).row(document)


def _insert(connection: Any, dataset: Dataset, rows: Sequence[Row]) -> set[str]:
    """The ids that were not there yet."""
    connection.register("batch", arrow_batch(dataset, rows))
    made = connection.execute(
        f"INSERT INTO {quoted(dataset.name)} BY NAME SELECT * FROM batch ON CONFLICT DO NOTHING RETURNING id"
    ).fetchall()
    connection.unregister("batch")
    return {row[0] for row in made}


def _replace(connection: Any, dataset: Dataset, rows: Sequence[Row]) -> None:
    connection.register("batch", arrow_batch(dataset, rows, every_column=True))
    connection.execute(f"INSERT OR REPLACE INTO {quoted(dataset.name)} BY NAME SELECT * FROM batch")
    connection.unregister("batch")


def _rows(query: Query, raw: Sequence[Sequence[Any]]) -> list[Answer]:
    columns = [(name, key_type(query, name) == "date", False) for name in group_keys(query)]
    columns += [(metric.name, metric_type(query, metric) == "date", True) for metric in query.metrics]
    return [{name: _figure(value, is_date, floored) for (name, is_date, floored), value in zip(columns, row, strict=True)} for row in raw]


def _figure(value: Any, is_date: bool, floored: bool) -> Any:
    if not is_date or value is None:
        return value
    moment = value.replace(tzinfo=UTC)
    return floor_millisecond(moment) if floored else moment


def _is_fatal(error: duckdb.Error) -> bool:
    return isinstance(error, duckdb.FatalException | duckdb.InternalException | duckdb.ConnectionException) or "invalidated" in str(error)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
