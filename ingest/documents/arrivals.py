"""A spool record and what became of it, as a document of the dataset ``arrivals``."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ingest.documents.fields import storable
from ingest.spool.record import StoredRecord
from ingest.store.protocol import Document
from ingest.store.schema import ARRIVALS

Outcome = Literal["stored", "duplicate", "conflict", "dead_letter"]
GRAVEST_FIRST: tuple[Outcome, ...] = ("dead_letter", "conflict", "stored", "duplicate")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Tally:
    """One record's items by outcome: each item counts under exactly one."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: set[str] = field(default_factory=set)
    tenants: set[str | None] = field(default_factory=set)
    """Whom the record's items belong to."""

    def add(self, outcome: Outcome, count: int = 1) -> None:
        if count:
            self.outcomes[outcome] += count

    def dead(self, reason: str) -> None:
        self.add("dead_letter")
        self.reasons.add(reason)

    def merge(self, other: Tally) -> None:
        self.outcomes.update(other.outcomes)
        self.reasons |= other.reasons

    @property
    def tenant(self) -> str | None:
        """Whom all of it belongs to; None when it is nobody's or of several."""
        return next(iter(self.tenants)) if len(self.tenants) == 1 else None

    @property
    def outcome(self) -> Outcome:
        return next((word for word in GRAVEST_FIRST if self.outcomes[word]), "duplicate")


def arrival_time(nanoseconds: int) -> datetime:
    """A record's arrival, to the microsecond."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def address_or_none(text: str | None) -> str | None:
    """Canonical text of an address; None for a unix socket's name or an address with a zone."""
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None


def arrival_document(stored: StoredRecord, tally: Tally, origin: Mapping[str, Any]) -> Document:
    """The record's document; its id is the record's, so draining again changes nothing."""
    record = stored.record
    fields: dict[str, Any] = {
        "@timestamp": arrival_time(record.arrived_at),
        "way": record.way,
        "content": record.content,
        "outcome": tally.outcome,
        "bytes": len(record.body),
        "peer.ip": address_or_none(record.peer_address),
        "helo": record.helo,
        "mail_from": record.mail_from,
        "rcpt_to": _texts(record.rcpt_to),
        "file_path": record.file_path,
        "tls_version": record.tls_version,
        "reasons": _texts(sorted(tally.reasons)),
        **{word: tally.outcomes[word] for word in GRAVEST_FIRST},
        **origin,
    }
    kept = {name: storable(value) if isinstance(value, str) else value for name, value in fields.items() if value is not None}
    return Document(dataset=ARRIVALS.name, id=stored.id, fields=kept)


def _texts(values: Iterable[str]) -> list[str] | None:
    return [storable(value) for value in values] or None
