"""What a store is: the drain writes to it, everything that shows something reads from it.

Two stores keep this protocol (DuckDB, Elasticsearch) and one stands in for a DuckDB that another process holds
(remote). Writing twice is harmless on all of them: ``create`` with an id that is there answers EXISTS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from ingest.store.query import Query, Row, Selection


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document. ``fields`` are flat, by the schema's dotted names, ``@timestamp`` among them; values are str,
    int, float, bool, aware datetime (UTC), list[str] (keywords) or JSON-able (json). Absent is absent, never None.
    """

    dataset: str
    id: str
    fields: dict[str, Any]

    @property
    def time(self) -> datetime:
        value: datetime = self.fields["@timestamp"]
        return value


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one document of a ``create``. ``rejected`` is final (a mapping error, too large): it goes to
    the dead letters with ``reason``; everything that may pass later raises StoreUnavailable instead."""

    outcome: Literal["created", "exists", "rejected"]
    reason: str = ""


CREATED = Fate("created")
EXISTS = Fate("exists")


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents and the cursor of the next page, None on the last."""

    documents: list[Document]
    after: str | None = None


class StoreReader(Protocol):
    """What pages, command line and incidents need. Raises QueryError for a question that cannot be asked and
    StoreUnavailable when the store does not answer."""

    def aggregate(self, query: Query) -> list[Row]: ...
    def select(self, selection: Selection) -> Page: ...
    def get(self, dataset: str, id: str) -> Document | None: ...


class Store(StoreReader, Protocol):
    """What the drain needs besides."""

    name: str

    def prepare(self) -> None:
        """Make tables or templates. Harmless when they are there."""

    def create(self, documents: Sequence[Document]) -> list[Fate]:
        """Write documents whose id is not there yet: one fate each, in order. A batch is durable when it returns.
        Raises StoreUnavailable when it is not known what became of all of them: call again with the same."""

    def put(self, documents: Sequence[Document]) -> None:
        """Write or replace documents of a mutable dataset, or rewrite ones already there (conflict chosen,
        provenance decided later)."""

    def refresh(self) -> None:
        """Make everything written so far visible to ``aggregate`` and ``select`` (``get`` always sees it)."""

    def delete_before(self, dataset: str, time: datetime) -> int:
        """Retention: drop documents older than ``time``; how many went."""

    def close(self) -> None: ...


def select_all(store: StoreReader, selection: Selection) -> Iterator[Document]:
    """Every document of a selection, page by page, however many."""
    while True:
        page = store.select(selection)
        yield from page.documents
        if page.after is None:
            return
        selection = msgspec.structs.replace(selection, after=page.after)
