"""A choice carried out: of the versions of a report one counts, with its rows, and the others do not.

Repeating it is harmless, and mends what a crash left half-done: rows are written before their report's document, and
what is left out is written before what counts, so that a report never counts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from ingest.conflicts.choices import Choice
from ingest.conflicts.versions import LEFT_OUT, REPEATED, eligible, trust, versions
from ingest.store.protocol import Document, StoreReader, select_all
from ingest.store.query import Filter, Selection
from ingest.store.schema import DMARC, TLSRPT, TLSRPT_FAILURES

ROWS = (DMARC.name, TLSRPT.name, TLSRPT_FAILURES.name)
"""Datasets that hold rows of reports."""
_PAGE = 1_000

Put = Callable[[Iterable[Document]], None]


def settle(store: StoreReader, choice: Choice, put: Put) -> None:
    """Carry it out by ``put``, which writes in order. The store must have been refreshed. Without the chosen version in
    the store nothing changes."""
    counted = list(versions(store, choice.identity, Filter("counted", "eq", (True,))))
    chosen = next((v for v in versions(store, choice.identity, Filter("event.hash", "eq", (choice.content,))) if eligible(v)), None)
    if chosen is None:
        return
    winner = _newcomer(counted, chosen, choice) or chosen
    losers = {v.id: v for v in (*counted, chosen) if v.id != winner.id}
    for version, counts in (*((v, False) for v in losers.values()), (winner, True)):
        if version.fields.get("counted") is not counts:
            why = REPEATED if version.fields.get("event.hash") == winner.fields.get("event.hash") else LEFT_OUT
            put(_rows(store, version, None if counts else why))
            put([_told(version, None if counts else why)])


def _newcomer(counted: Iterable[Document], chosen: Document, choice: Choice) -> Document | None:
    """A version that nobody could choose, as it came later, and that is trusted more than the chosen one."""
    least = trust(chosen.fields.get("provenance", ""), True)
    new = (v for v in counted if v.fields.get("event.hash") not in (choice.content, *choice.among))
    return next((v for v in new if trust(v.fields.get("provenance", ""), True) > least), None)


def _rows(store: StoreReader, report: Document, left_out: str | None) -> Iterator[Document]:
    """Its rows, told anew. Paging is by time and id, which stay as they are."""
    own = Filter("report.uid", "eq", (report.id,))
    for dataset in ROWS:
        for row in select_all(store, Selection(dataset=dataset, where=(own,), limit=_PAGE)):
            yield _told(row, left_out)


def _told(document: Document, left_out: str | None) -> Document:
    fields: dict[str, Any] = {**document.fields, "counted": left_out is None, "left_out": left_out}
    if left_out is None:
        del fields["left_out"]
    return msgspec.structs.replace(document, fields=fields)
