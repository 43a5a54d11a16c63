"""Documents as rows: the id, then one value a field of the dataset in its order, each in canonical form.

Nearly every document comes in canonical form already. That is checked field by field in C; whatever the check does not
take goes through ``admission``, which mends it or says why it is rejected. Both give the same row.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, TypeAlias

import msgspec
import orjson

from ingest.store.admission import Rejected, admitted_document, check_id
from ingest.store.network import canonical_address
from ingest.store.protocol import Document
from ingest.store.schema import DATASETS, Dataset, FieldType
from ingest.store.values import MAX_INTEGER, MAX_KEYWORD_BYTES

Row: TypeAlias = tuple[Any, ...]

_Text = Annotated[str, msgspec.Meta(max_length=MAX_KEYWORD_BYTES // 4)]
_TYPES: dict[FieldType, Any] = {
    "keyword": _Text,
    "keywords": list[_Text],
    "ip": str,
    "integer": Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)],
    "number": float,
    "boolean": bool,
    "date": Annotated[datetime, msgspec.Meta(tz=True)],
    "json": Any,
}
_TIME = "@timestamp"


class RowForm:
    """Makes rows of one dataset's documents."""

    __slots__ = ("_dates", "_ips", "_jsons", "_keywords", "_names", "_numbers", "_type")

    def __init__(self, dataset: Dataset) -> None:
        self._names = tuple(field.name for field in dataset.fields)
        self._type = msgspec.defstruct(
            "Fields",
            [
                (f"f{place}", _TYPES[field.type]) if field.name == _TIME else (f"f{place}", _TYPES[field.type] | None, None)
                for place, field in enumerate(dataset.fields)
            ],
            rename={f"f{place}": name for place, name in enumerate(self._names)},
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        self._ips, self._dates, self._numbers, self._jsons = (
            tuple(place for place, field in enumerate(dataset.fields) if field.type == type_) for type_ in ("ip", "date", "number", "json")
        )
        self._keywords = tuple((place, field.name) for place, field in enumerate(dataset.fields) if field.type == "keywords")

    def row(self, document: Document) -> Row:
        """Raises Rejected."""
        check_id(document.id)
        try:
            return (document.id, *self._usual(document.fields))
        except (msgspec.ValidationError, ValueError, OverflowError, TypeError):
            fields = admitted_document(document).fields
        for place in self._jsons:
            if self._names[place] in fields:
                fields[self._names[place]] = orjson.dumps(fields[self._names[place]]).decode()
        return (document.id, *map(fields.get, self._names))

    def _usual(self, fields: dict[str, Any]) -> list[Any]:
        """The values of a document in canonical form, or nearly. Raises any of the errors caught above."""
        values: list[Any] = list(msgspec.structs.astuple(msgspec.convert(fields, self._type, builtin_types=(datetime,))))
        texts = [value for value in values if type(value) is str]
        for place, name in self._keywords:
            if (items := values[place]) is not None:
                if not isinstance(fields[name], list | tuple):
                    raise ValueError(name)
                texts += items
                values[place] = items or None
        joined = "".join(texts)
        if not joined.isascii():
            joined.encode()  # lone surrogates are no text
        for place in self._ips:
            if (address := values[place]) is not None:
                values[place] = canonical_address(address)
        for place in self._dates:
            if (moment := values[place]) is not None and moment.tzinfo is not UTC:
                values[place] = moment.astimezone(UTC)
        for place in self._numbers:
            if (number := values[place]) is not None:
                if not isfinite(number):
                    raise ValueError(number)
                values[place] = number + 0.0
        for place in self._jsons:
            if (tree := values[place]) is not None:
                text = orjson.dumps(tree).decode()
                values[place] = None if text == "null" else text  # NaN is null in JSON
        return values


_FORMS = {name: RowForm(dataset) for name, dataset in DATASETS.items()}


def known_form(dataset: str) -> RowForm:
    """Raises Rejected for an unknown dataset."""
    try:
        return _FORMS[dataset]
    except KeyError:
        raise Rejected(f"unknown_dataset: {dataset}") from None
