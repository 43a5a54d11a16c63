"""The versions of a report: documents of one identity with different contents.

Until someone chooses, the version that is trusted most counts, of equally trusted ones the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.identity import plain_uid
from ingest.store.protocol import Document, StoreReader, select_all
from ingest.store.query import Filter, Selection
from ingest.store.schema import REPORTS

LEFT_OUT = "conflict"
"""Why a version does not count that otherwise would."""
REPEATED = "duplicate"
"""What a version leaves where it stood before it took the plain identity."""

_TRUST = {"verified": 3, "imported": 3, "posted": 2}
"""Of reports that count; those that count by configuration alone have 1."""


def identity_of(report: Document) -> str:
    """The identity that all versions of a report share."""
    return plain_uid(report.id)


def trust(provenance: str, counted: bool) -> int:
    """How far a report is trusted against others of its identity; 0 when it does not count."""
    return _TRUST.get(provenance, 1) if counted else 0


def eligible(report: Document) -> bool:
    """Whether nothing but the conflict keeps it out of the figures."""
    return report.fields.get("left_out") in (None, LEFT_OUT)


def versions(store: StoreReader, identity: str, *where: Filter) -> Iterator[Document]:
    """The report documents of an identity, the oldest id first; ``where`` narrows them. What was written since the last
    ``refresh`` may be missing."""
    same = Filter("report.identity", "eq", (identity,))
    gone = Filter("left_out", "ne", (REPEATED,))
    yield from select_all(store, Selection(dataset=REPORTS.name, where=(same, gone, *where), ascending=True, limit=200))


def in_conflict(store: StoreReader, selection: Selection) -> Iterator[list[Document]]:
    """All versions of each identity that has more than one, the newest first. ``selection`` narrows the reports looked
    at; its limit is one page."""
    seen: set[str] = set()
    for report in select_all(store, selection):
        identity = identity_of(report)
        if identity in seen:
            continue
        seen.add(identity)
        found = list(versions(store, identity))
        if len(found) > 1:
            yield found
