"""A store over one socket, the server's side: a route and a body in, a status and a body out; no socket here.

``POST /store/aggregate`` takes a Query, ``/store/select`` a Selection, ``/store/get`` ``{dataset, id}``, all as JSON.
200 carries rows, a page or a document (null when there is none); dates are RFC 3339 text with microseconds, which the
asking side turns back by the schema. 400 carries a QueryError, 503 a store that does not answer, both as
``{reason, message}``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from ingest.store.errors import QueryError, StoreError, StoreUnavailable, TooManyGroups
from ingest.store.protocol import Document, Page, StoreReader
from ingest.store.query import Query, Row, Selection
from ingest.store.schema import DATASETS
from ingest.store.values import date_from_text, date_text

ROUTES = ("aggregate", "select", "get")


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``get`` asks for."""

    dataset: str
    id: str


class Refusal(msgspec.Struct, frozen=True):
    """A StoreError on its way."""

    reason: str
    message: str

    def error(self) -> StoreError:
        for kind in (TooManyGroups, QueryError):
            if self.reason == kind.reason:
                return kind(self.message)
        return StoreUnavailable(self.message)


class WirePage(msgspec.Struct, frozen=True):
    documents: list[Document]
    after: str | None = None


def answer(store: StoreReader, route: str, body: bytes) -> tuple[int, bytes]:
    """Status and body for ``POST /store/ROUTE``. Never raises a StoreError."""
    try:
        return 200, _result(store, route, body)
    except msgspec.MsgspecError as error:
        return 400, _refusal(QueryError(f"this is no question: {error}"))
    except QueryError as error:
        return 400, _refusal(error)
    except StoreError as error:
        return 503, _refusal(error)


def _result(store: StoreReader, route: str, body: bytes) -> bytes:
    match route:
        case "aggregate":
            rows = store.aggregate(msgspec.json.decode(body, type=Query))
            return msgspec.json.encode([_wire_row(row) for row in rows])
        case "select":
            page = store.select(msgspec.json.decode(body, type=Selection))
            return msgspec.json.encode(WirePage([_wire_document(document) for document in page.documents], page.after))
        case "get":
            key = msgspec.json.decode(body, type=Key)
            document = store.get(key.dataset, key.id)
            return msgspec.json.encode(None if document is None else _wire_document(document))
        case _:
            raise QueryError(f"there is no route /store/{route}; there are {', '.join(ROUTES)}")


def page_from_wire(body: bytes) -> Page:
    """Raises MsgspecError for anything but a page."""
    page = msgspec.json.decode(body, type=WirePage)
    return Page([typed_document(document) for document in page.documents], page.after)


def document_from_wire(body: bytes) -> Document | None:
    """Raises MsgspecError for anything but a document or null."""
    document = msgspec.json.decode(body, type=Document | None)
    return None if document is None else typed_document(document)


def typed_document(document: Document) -> Document:
    """A document that travelled as JSON, with its dates as dates again."""
    known = DATASETS[document.dataset]
    fields = {name: date_from_text(value) if known.field(name).type == "date" else value for name, value in document.fields.items()}
    return msgspec.structs.replace(document, fields=fields)


def _wire_row(row: Row) -> Row:
    return {name: _wire(value) for name, value in row.items()}


def _wire_document(document: Document) -> Document:
    return msgspec.structs.replace(document, fields={name: _wire(value) for name, value in document.fields.items()})


def _wire(value: Any) -> Any:
    return date_text(value) if isinstance(value, datetime) else value


def _refusal(error: StoreError) -> bytes:
    return msgspec.json.encode(Refusal(error.reason, str(error)))
