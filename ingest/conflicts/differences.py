"""How the versions of a report differ: which rows stand in one of them only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.store.protocol import Document, StoreReader
from ingest.store.query import Filter, Selection
from ingest.store.schema import ARRIVALS, DMARC, TLSRPT, TLSRPT_FAILURES

MOST_ROWS = 1_000
"""Rows of a version that are compared; of a version with more only the counts are."""

_COMPARED = {
    DMARC.name: ("source.ip", "dmarc.header_from", "dmarc.dkim", "dmarc.spf", "dmarc.disposition", "dmarc.count"),
    TLSRPT.name: ("policy.domain", "tlsrpt.policy_type", "tlsrpt.successful_sessions", "tlsrpt.failed_sessions"),
    TLSRPT_FAILURES.name: (
        "tlsrpt.result_type",
        "tlsrpt.sending_mta_ip",
        "tlsrpt.receiving_mx_hostname",
        "tlsrpt.failed_session_count",
    ),
}
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One version, when its record arrived (None: retention has taken that), and the rows that no other version has, as
    values in the order of the dataset's compared fields (None: there are too many rows to compare)."""

    report: Document
    received: datetime | None
    only_here: tuple[Row, ...] | None


def differences(store: StoreReader, versions: Sequence[Document]) -> list[Version]:
    """The versions with what is theirs alone."""
    rows = [_rows(store, version) for version in versions]
    found = []
    for place, version in enumerate(versions):
        others: Counter[Row] = Counter()
        for other in (*rows[:place], *rows[place + 1 :]):
            others |= other or Counter()
        mine = rows[place]
        comparable = mine is not None and all(other is not None for other in rows)
        only_here = tuple((mine - others).elements()) if mine is not None and comparable else None
        found.append(Version(version, _received(store, version), only_here))
    return found


def _received(store: StoreReader, version: Document) -> datetime | None:
    record = version.fields.get("spool.id")
    arrival = store.get(ARRIVALS.name, record) if record else None
    return arrival.time if arrival is not None else None


def _rows(store: StoreReader, version: Document) -> Counter[Row] | None:
    own = Filter("report.uid", "eq", (version.id,))
    rows: Counter[Row] = Counter()
    for dataset, fields in _COMPARED.items():
        page = store.select(Selection(dataset=dataset, where=(own,), fields=fields, limit=MOST_ROWS))
        if page.after is not None:
            return None
        rows.update(tuple(row.fields.get(field) for field in fields) for row in page.documents)
    return rows
