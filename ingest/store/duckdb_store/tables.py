"""DuckDB's tables, made from the schema table: one a dataset, one column a field, ``id`` the primary key.

| field type | column |
|---|---|
| keyword, ip | VARCHAR |
| keywords | VARCHAR[] |
| integer, number, boolean | BIGINT, DOUBLE, BOOLEAN |
| date | TIMESTAMP, always UTC |
| json | VARCHAR holding JSON |

An ``ip`` field has a second column of 16 bytes beside its text, whose order is the addresses' order: a network is
a range of it. No secondary index, and no DDL outside the opening of the file: both have cost others their file
after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from ingest.store.schema import Dataset, Field, FieldType

_COLUMN: dict[FieldType, str] = {
    "keyword": "VARCHAR",
    "keywords": "VARCHAR[]",
    "ip": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "TIMESTAMP",
    "json": "VARCHAR",
}
ARROW: dict[FieldType, pa.DataType] = {
    "keyword": pa.string(),
    "keywords": pa.list_(pa.string()),
    "ip": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.timestamp("us"),
    "json": pa.string(),
}


def quoted(name: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def address_column(field: str) -> str:
    """Name of the column of 16 bytes beside an ``ip`` field."""
    return field + " bytes"


def columns(dataset: Dataset) -> dict[str, str]:
    """Column name → SQL type, the key's left out."""
    wanted: dict[str, str] = {}
    for field in dataset.fields:
        wanted[field.name] = _COLUMN[field.type]
        if field.type == "ip":
            wanted[address_column(field.name)] = "BLOB"
    return wanted


def create_statement(dataset: Dataset) -> str:
    body = "".join(f", {quoted(name)} {type_}" for name, type_ in columns(dataset).items())
    return f"CREATE TABLE IF NOT EXISTS {quoted(dataset.name)} (id VARCHAR PRIMARY KEY{body})"


def growth_statements(dataset: Dataset, present: Mapping[str, str]) -> list[str]:
    """What brings a table of an older version up to date: the columns that the schema has and the table lacks.

    Raises ValueError when a column has another type than the schema says: no such change can be made in place.
    """
    statements = []
    for name, type_ in columns(dataset).items():
        if name not in present:
            statements.append(f"ALTER TABLE {quoted(dataset.name)} ADD COLUMN {quoted(name)} {type_}")
        elif present[name] != type_:
            raise ValueError(f"column {name!r} of {dataset.name} is {present[name]}, where the schema says {type_}")
    return statements


def selected_columns(fields: tuple[Field, ...]) -> str:
    return "".join(f", {quoted(field.name)}" for field in fields)
