"""The door of both stores: what a document must be before it is written, the same for each of them.

A document that fails here would fail for ever, so it is rejected with a reason and never tried again.
Reasons are ``word: detail``; the words are unknown_dataset, bad_id, unknown_field, bad_value, no_timestamp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ingest.store.protocol import EXISTS, Document, Fate
from ingest.store.schema import DATASETS
from ingest.store.values import CANONICAL

MAX_ID_BYTES = 512
"""Elasticsearch's own bound on ``_id``."""

Forms = Mapping[str, Callable[[Any], Any]]
"""Field name → the function that gives a value its canonical form."""

_FORMS: dict[str, Forms] = {name: {f.name: CANONICAL[f.type] for f in d.fields} for name, d in DATASETS.items()}


TakenT = TypeVar("TakenT")


@dataclass(slots=True)
class Admitted(Generic[TakenT]):
    """The documents of one call that may be written, by place, and the fates that are known already."""

    documents: dict[int, TakenT]
    """Canonical documents, as the store takes them, by their place in the call; of several with one id the first."""
    fates: dict[int, Fate]
    """Rejected ones, and repeats within the call."""
    repeats: dict[int, int]
    """Place of a repeat → place of the document that it repeats."""


def admit(documents: Sequence[Document], take: Callable[[Document], TakenT]) -> Admitted[TakenT]:
    """Sort the documents of one call. A repeat of an id within the call is EXISTS. ``take`` gives a document the form
    that the store writes; it raises Rejected."""
    admitted: Admitted[TakenT] = Admitted({}, {}, {})
    first: dict[tuple[str, str], int] = {}
    for place, document in enumerate(documents):
        try:
            taken = take(document)
        except Rejected as rejected:
            admitted.fates[place] = Fate("rejected", str(rejected))
            continue
        earlier = first.setdefault((document.dataset, document.id), place)
        if earlier == place:
            admitted.documents[place] = taken
        else:
            admitted.fates[place] = EXISTS
            admitted.repeats[place] = earlier
    return admitted


class Rejected(Exception):
    """Inside the stores only: carries the reason of a rejected document."""


def admitted_document(document: Document) -> Document:
    """The document in canonical form. Raises Rejected."""
    forms = _FORMS.get(document.dataset)
    if forms is None:
        raise Rejected(f"unknown_dataset: {document.dataset}")
    check_id(document.id)
    fields = _canonical_fields(forms, document.fields)
    if "@timestamp" not in fields:
        raise Rejected("no_timestamp: a document needs its own time")
    return Document(dataset=document.dataset, id=document.id, fields=fields)


def check_id(id_: str) -> None:
    """Raises Rejected."""
    if 0 < len(id_) <= MAX_ID_BYTES and id_.isascii():
        return
    try:
        size = len(id_.encode())
    except UnicodeEncodeError:
        raise Rejected("bad_id: not Unicode") from None
    if not 0 < size <= MAX_ID_BYTES:
        raise Rejected(f"bad_id: {size} bytes, where 1 to {MAX_ID_BYTES} are allowed")


def _canonical_fields(forms: Forms, fields: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        form = forms.get(name)
        if form is None:
            raise Rejected(f"unknown_field: {name}")
        if value is None:
            continue
        try:
            kept = form(value)
        except ValueError as error:
            raise Rejected(f"bad_value: {name}: {error}") from None
        if kept is not None:
            whole[name] = kept
    return whole
