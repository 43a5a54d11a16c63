"""Rows made by the look in C are the canonical documents, value by value; what is rejected stays rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.store.admission import Rejected, admitted_document
from ingest.store.duckdb_store.rows import known_form
from ingest.store.protocol import Document
from ingest.store.schema import DATASETS

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
VALUES: tuple[Any, ...] = (
    *("", "text", "ä", "\ud800", "x" * 8_192, "ä" * 20_000, b"bytes", "192.0.2.1", "2001:DB8::0", "::ffff:192.0.2.1", "fe80::1%eth0"),
    *(0, -1, 2**53, 2**53 + 1, 10**400, True, 0.5, -0.0, float("nan"), float("inf"), None),
    *([], ["a"], ("a", "b"), {"a"}, ["\ud800"], [1], "abc", {"k": [1]}, {1: 2}, {"n": float("nan")}, object),
    *(
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=2))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=2))),
    ),
)
datasets = st.sampled_from(sorted(DATASETS))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    dataset = DATASETS[draw(datasets)]
    names = [*(field.name for field in dataset.fields), "no.such.field"]
    fields = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(VALUES), max_size=4))
    if draw(st.integers(0, 9)):
        fields["@timestamp"] = NOON
    name = draw(st.sampled_from((*[dataset.name] * 9, "nothing")))
    return Document(dataset=name, id=draw(st.sampled_from(("id", "id", "", "ä", "x" * 600))), fields=fields)


def canonical_row(document: Document) -> Sequence[Any] | str:
    try:
        fields = admitted_document(document).fields
    except Rejected as rejected:
        return str(rejected)
    known = DATASETS[document.dataset].fields
    values = [orjson.dumps(fields[f.name]).decode() if f.type == "json" and f.name in fields else fields.get(f.name) for f in known]
    return (document.id, *values)


def row(document: Document) -> Sequence[Any] | str:
    try:
        return known_form(document.dataset).row(document)
    except Rejected as rejected:
        return str(rejected)


@settings(max_examples=1_500, deadline=None)
@given(documents())
def test_a_row_is_the_canonical_document(document: Document) -> None:
    made, wanted = row(document), canonical_row(document)
    assert made == wanted
    assert [(type(value), str(value)) for value in made] == [(type(value), str(value)) for value in wanted]
