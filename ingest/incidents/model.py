"""An incident, and its document in the dataset ``incidents``.

``@timestamp`` is ``last_seen``, so that an ongoing incident stands in "the last seven days" however old it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import msgspec

from ingest.incidents.severity import Severity
from ingest.store.protocol import Document
from ingest.store.query import Filter, Selection
from ingest.store.schema import INCIDENTS
from ingest.store.values import date_from_text, date_text

State = Literal["open", "acknowledged", "closed"]
STATES: tuple[State, ...] = get_args(State)
_RENAMED = {"window_begin": "window.begin", "window_end": "window.end"}


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Fields are those of the dataset (``window_begin`` is ``window.begin``); see the schema table for meanings.

    An incident with ``affected`` 0 is withdrawn: documents that came late took the ground from under it."""

    id: str
    rule: str
    state: State = "open"
    severity: Severity
    scope: str
    subject: str
    kind: str | None = None
    summary: str
    country: str | None = None
    path: str | None = None
    direction: str | None = None
    affected: int
    total: int
    share: float
    lower: float
    upper: float
    first_seen: datetime
    last_seen: datetime
    window_begin: datetime
    window_end: datetime
    evidence: tuple[dict[str, str], ...] = ()
    keys: dict[str, Any]
    sources: tuple[str, ...]
    agreement: str
    updated: datetime
    tenant: str | None = None

    @property
    def withdrawn(self) -> bool:
        return self.affected == 0

    def to_document(self) -> Document:
        fields: dict[str, Any] = {"@timestamp": self.last_seen}
        for name in _NAMES:
            value = getattr(self, name)
            if value is not None:
                fields[_RENAMED.get(name, name)] = list(value) if isinstance(value, tuple) else value
        return Document(dataset=INCIDENTS.name, id=self.id, fields=fields)

    @classmethod
    def from_document(cls, document: Document) -> Incident:
        fields = {name: document.fields[_RENAMED.get(name, name)] for name in _NAMES if _RENAMED.get(name, name) in document.fields}
        for name in ("evidence", "sources"):
            fields[name] = tuple(fields.get(name, ()))
        return cls(id=document.id, **fields)


_NAMES = tuple(name for name in Incident.__struct_fields__ if name != "id")


def evidence_keys(dataset: str, where: dict[str, tuple[Any, ...]], first_seen: datetime, last_seen: datetime) -> dict[str, Any]:
    """``Incident.keys``: ``dataset``, ``since`` (inclusive), ``until`` (exclusive), and field → values."""
    until = last_seen + timedelta(milliseconds=1)
    return {"dataset": dataset, "since": date_text(first_seen), "until": date_text(until), "where": {n: list(v) for n, v in where.items()}}


def evidence_selection(incident: Incident, limit: int = 50) -> Selection:
    """Everything that shows an incident, page by page, the newest first."""
    keys = incident.keys
    return Selection(
        dataset=keys["dataset"],
        since=date_from_text(keys["since"]),
        until=date_from_text(keys["until"]),
        where=tuple(Filter(name, "eq", tuple(values)) for name, values in keys["where"].items()),
        limit=limit,
    )
