"""Bulk requests: how documents are written down, cut into requests, and what each item's answer means.

| answer | fate |
|---|---|
| 200, 201 | created |
| 409 (version conflict on create) | exists |
| 400, 404, 413 of one document | rejected, with the server's reason |
| 400 because the cluster has no shard left | unknown: retry, an operator must act |
| 401, 403 | unknown: retry, an operator must act |
| 429, 5xx, anything else | unknown: retry |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from ingest.store.elasticsearch_store.connection import RIGHTS_HINT, error_reason
from ingest.store.elasticsearch_store.templates import ID_FIELD, OWN, micros_field
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import CREATED, EXISTS, Document, Fate
from ingest.store.schema import DATASETS
from ingest.store.values import date_from_text, date_text, micros

Action = Literal["create", "index", "delete"]
FILTER_PATH = ("items.*.status", "items.*._id", "items.*.error.type", "items.*.error.reason")
_SHARDS_FULL = "maximum normal shards open"


@dataclass(frozen=True, slots=True)
class Line:
    """One document of a bulk request, ready to send."""

    place: int
    """The document's place in the caller's list."""
    id: str
    action: bytes
    source: bytes | None

    @property
    def size(self) -> int:
        return len(self.action) + len(self.source or b"") + 2


@dataclass(frozen=True, slots=True)
class Unknown:
    """The server did not say what became of a document; asking again may help."""

    reason: str


def document_line(place: int, action: Action, index: str, document: Document) -> Line:
    return Line(place, document.id, _action(action, index, document.id), orjson.dumps(wire_document(document)))


def delete_line(place: int, index: str, id_: str) -> Line:
    return Line(place, id_, _action("delete", index, id_), None)


def wire_document(document: Document) -> dict[str, Any]:
    """The document's flat fields, dates as text, with the store's own fields."""
    wire: dict[str, Any] = {ID_FIELD: document.id}
    for name, value in document.fields.items():
        if isinstance(value, datetime):
            wire[name] = date_text(value)
            wire[micros_field(name)] = micros(value)
        else:
            wire[name] = value
    return wire


def document_from_source(dataset: str, id_: str, source: dict[str, Any]) -> Document:
    """The inverse of ``wire_document``."""
    known = DATASETS[dataset]
    fields: dict[str, Any] = {}
    for name, value in source.items():
        if not name.startswith(OWN + "."):
            fields[name] = date_from_text(value) if known.field(name).type == "date" else value
    return Document(dataset=dataset, id=id_, fields=fields)


def batches(lines: Sequence[Line], most: int, most_bytes: int) -> Iterator[list[Line]]:
    """Requests of at most so many documents and bytes; a document larger than that goes alone."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) >= most or size + line.size > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch


def item_fates(batch: Sequence[Line], body: Any) -> list[Fate | Unknown]:
    """What the answer says of each document. Raises StoreUnavailable when it is no answer to this request."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or len(items) != len(batch):
        raise StoreUnavailable("the answer to a bulk request has not one item for each document")
    return [_item_fate(line, item) for line, item in zip(batch, items, strict=True)]


def _item_fate(line: Line, item: Any) -> Fate | Unknown:
    answer = next(iter(item.values()), None) if isinstance(item, dict) else None
    if not isinstance(answer, dict) or answer.get("_id", line.id) != line.id or not isinstance(answer.get("status"), int):
        raise StoreUnavailable("the answer to a bulk request does not belong to its documents")
    status = answer["status"]
    reason = error_reason(answer)
    if status in (200, 201):
        return CREATED
    if status == 409:
        return EXISTS
    if status in (401, 403):
        return Unknown(f"{status} {reason}; {RIGHTS_HINT}")
    if status == 400 and _SHARDS_FULL in reason:
        return Unknown(f"{reason}; an operator must act: the cluster may hold no more shards")
    if status in (400, 404, 413):
        return Fate("rejected", f"refused_by_store: {reason}")
    return Unknown(f"{status} {reason}")


def _action(action: Action, index: str, id_: str) -> bytes:
    return orjson.dumps({action: {"_index": index, "_id": id_}})
