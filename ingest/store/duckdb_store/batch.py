"""Documents as columns on their way in, rows as documents on their way out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import orjson
import pyarrow as pa

from ingest.store.duckdb_store.rows import Row
from ingest.store.duckdb_store.tables import ARROW, address_column
from ingest.store.network import address_bytes
from ingest.store.protocol import Document
from ingest.store.schema import Dataset, Field


def arrow_batch(dataset: Dataset, rows: Sequence[Row], *, every_column: bool = False) -> pa.Table:
    """One column a field (two for an address), one row a document. Columns that none of them has are left out, unless
    ``every_column``: a replaced document must lose what the new one lacks."""
    ids, *columns = zip(*rows, strict=True)
    arrays: dict[str, pa.Array] = {"id": pa.array(ids, pa.string())}
    for field, values in zip(dataset.fields, columns, strict=True):
        if not every_column and values.count(None) == len(values):
            continue
        arrays[field.name] = pa.array(values, ARROW[field.type])
        if field.type == "ip":
            raw = [None if value is None else address_bytes(value) for value in values]
            arrays[address_column(field.name)] = pa.array(raw, pa.binary())
    return pa.table(arrays)


def document_from_row(dataset: Dataset, fields: tuple[Field, ...], row: Sequence[Any]) -> Document:
    """A row ``id, fields…`` as a document: NULL is absent."""
    values = {field.name: _value(field, value) for field, value in zip(fields, row[1:], strict=True) if value is not None}
    return Document(dataset=dataset.name, id=row[0], fields=values)


def _value(field: Field, value: Any) -> Any:
    if field.type == "date":
        return value.replace(tzinfo=UTC)
    if field.type == "json":
        return orjson.loads(value)
    return value
