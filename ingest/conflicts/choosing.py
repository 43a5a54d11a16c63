"""Somebody chooses: checked, noted durably, then carried out."""

from __future__ import annotations

from datetime import datetime

from ingest.conflicts.choices import ChoiceBook
from ingest.conflicts.errors import NoConflict, NotEligible, UnknownReport
from ingest.conflicts.settling import Put, settle
from ingest.conflicts.versions import eligible, identity_of, versions
from ingest.store.protocol import Document, Store
from ingest.store.schema import REPORTS


def choose(store: Store, book: ChoiceBook, id: str, at: datetime, by: str, put: Put) -> Document:
    """This report counts, of all of its identity; the figures follow when it returns. The document as it is then.

    Raises UnknownReport, NoConflict, NotEligible, StoreError (the book knows by then: the next start carries it out).
    """
    there = store.get(REPORTS.name, id)
    if there is None:
        raise UnknownReport(f"there is no report {id!r}")
    if not eligible(there):
        raise NotEligible(f"report {id} does not count whatever is chosen: {there.fields.get('left_out')}")
    store.refresh()
    identity = identity_of(there)
    among = [str(version.fields["event.hash"]) for version in versions(store, identity)]
    if len(set(among)) < 2:
        raise NoConflict(f"report {id} is in no conflict")
    settle(store, book.choose(identity, str(there.fields["event.hash"]), among, at, by), put)
    store.refresh()
    return store.get(REPORTS.name, id) or there
