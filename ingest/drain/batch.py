"""What one step of the drain writes: documents gathered over its records, their fates, and the dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from ingest.dead_letters.letter import Letter
from ingest.documents.arrivals import Tally
from ingest.spool.record import StoredRecord
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import Document, Fate, Store
from ingest.store.query import COUNT, Filter, Query


@dataclass(slots=True)
class Spans:
    """Dataset → first and last time of the documents written: what incidents must look at again."""

    times: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)

    def add(self, dataset: str, time: datetime) -> None:
        first, last = self.times.get(dataset, (time, time))
        self.times[dataset] = (min(first, time), max(last, time))

    def merge(self, other: Spans) -> None:
        for dataset, (first, last) in other.times.items():
            self.add(dataset, first)
            self.add(dataset, last)

    def __bool__(self) -> bool:
        return bool(self.times)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where documents come from: their spool record, when it arrived, and when it is drained."""

    stored: StoredRecord
    arrived: datetime
    now: datetime

    def fields(self, tenant: str | None) -> dict[str, Any]:
        """The schema's origin fields."""
        fields: dict[str, Any] = {"spool.id": self.stored.id, "event.ingested": self.now}
        if tenant is not None:
            fields["tenant"] = tenant
        return fields

    def letter(self, item: int, reason: str, detail: str, raw: bytes, name: str | None = None) -> Letter:
        """The item as a dead letter."""
        return Letter(
            record_id=self.stored.id,
            item=item,
            reason=reason,
            detail=detail,
            item_name=name,
            time=int(self.now.timestamp() * 1e9),
            raw=raw,
            record=self.stored.record,
        )


@dataclass(slots=True)
class _Pending:
    """A session document that waits to be written, and what to do when it is rejected."""

    document: Document
    tally: Tally
    origin: Origin
    rejected: Callable[[str], Letter]


class Batch:
    """Gathers session documents over many records so that the store gets large writes; reports write their own rows.

    Not thread-safe. ``settle`` gives each gathered document its fate.
    """

    def __init__(self, store: Store, size: int) -> None:
        self.store = store
        self.size = size
        self.spans = Spans()
        self.letters: list[Letter] = []
        self.undecided: dict[str, int] = {}
        """Records whose reports are to be judged again: id → arrived_at."""
        self._pending: list[_Pending] = []
        self._repeats: dict[str, tuple[Tally, int]] = {}

    def add(self, document: Document, tally: Tally, origin: Origin, rejected: Callable[[str], Letter]) -> None:
        """A session's document. ``rejected`` makes its dead letter from the store's reason."""
        self._pending.append(_Pending(document, tally, origin, rejected))
        if len(self._pending) >= self.size:
            self._write()

    def bury(self, letter: Letter, tally: Tally) -> None:
        """An item that cannot be used."""
        self.letters.append(letter)
        tally.dead(letter.reason)

    def create(self, documents: Sequence[Document]) -> list[Fate]:
        """Write now; remembers the times of what was new."""
        fates = self.store.create(documents)
        if len(fates) != len(documents):
            raise StoreUnavailable(f"{len(fates)} fates for {len(documents)} documents")
        for document, fate in zip(documents, fates, strict=True):
            if fate.outcome == "created":
                self.spans.add(document.dataset, document.time)
        return fates

    def put(self, documents: Iterable[Document]) -> None:
        """Write or replace now; remembers the times."""
        waiting = iter(documents)
        while chunk := list(islice(waiting, self.size)):
            self.store.put(chunk)
            for document in chunk:
                self.spans.add(document.dataset, document.time)

    def write_arrivals(self, arrivals: Sequence[Document]) -> None:
        """The records' own documents; one that is there already keeps what it said first."""
        for start in range(0, len(arrivals), self.size):
            self.store.create(arrivals[start : start + self.size])

    def settle(self) -> None:
        """Write what is gathered, then tell repeats apart: a record drained again finds its own sessions in the store,
        and they are stored, not duplicates."""
        self._write()
        if not self._repeats:
            return
        there = self._sessions_of(self._repeats)
        for record_id, (tally, repeats) in self._repeats.items():
            own = there.get(record_id, 0) - tally.outcomes["stored"]
            again = max(0, min(repeats, own))
            tally.add("stored", again)
            tally.add("duplicate", repeats - again)
        self._repeats.clear()

    def _write(self) -> None:
        pending, self._pending = self._pending, []
        if not pending:
            return
        for item, fate in zip(pending, self.create([item.document for item in pending]), strict=True):
            if fate.outcome == "created":
                item.tally.add("stored")
            elif fate.outcome == "exists":
                self._repeat(item)
            else:
                self.bury(item.rejected(fate.reason), item.tally)

    def _repeat(self, item: _Pending) -> None:
        record_id = item.origin.stored.id
        _, count = self._repeats.get(record_id, (item.tally, 0))
        self._repeats[record_id] = (item.tally, count + 1)

    def _sessions_of(self, record_ids: Iterable[str]) -> dict[str, int]:
        """How many sessions of each record the store has: one question for all of a step."""
        self.store.refresh()
        mine = Filter("spool.id", "eq", tuple(record_ids))
        rows = self.store.aggregate(Query(dataset="sessions", where=(mine,), group_by=("spool.id",), metrics=(COUNT,)))
        return {row["spool.id"]: int(row["count"]) for row in rows}
