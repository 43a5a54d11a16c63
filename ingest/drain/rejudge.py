"""Reports whose mail could not be judged at the time: their records are read again from the spool, and decided.

Names are looked up outside the drain's turn, as they may take long; only what is written is written within it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.documents.arrivals import arrival_time
from ingest.drain.batch import Batch, Origin, Spans
from ingest.drain.decision import decide
from ingest.drain.judgement import UNDECIDED
from ingest.drain.reports import ReportIntake
from ingest.drain.undecided import UndecidedBook, Waiting
from ingest.spool.record import StoredRecord
from ingest.store.errors import DocumentRejected
from ingest.store.protocol import Store

RECORDS = 200
"""Records of one pass; the others wait for the next."""
SIZE = 1_000
FAILURES = 10
"""So many records in a row that cannot be decided, and the pass ends: the DNS is down still."""


@dataclass(slots=True)
class Rejudged:
    """What one pass did: records decided, records that wait on, and the times of what was written."""

    decided: int = 0
    waiting: int = 0
    spans: Spans = field(default_factory=Spans)


class Rejudge:
    """``step`` every few minutes, from one thread at a time."""

    def __init__(
        self,
        reports: ReportIntake,
        store: Store,
        book: UndecidedBook,
        records: Callable[[int], Iterable[StoredRecord]],
        clock: Callable[[], int],
    ) -> None:
        """``records``: drained records that arrived since (nanoseconds since the epoch), as ``ingest.spool.replay`` gives
        them; ``clock``: nanoseconds since the epoch."""
        self._reports = reports
        self._store = store
        self._book = book
        self._records = records
        self._clock = clock

    def step(self, turn: AbstractContextManager[object] | None = None) -> Rejudged:
        """One pass over what is due. ``turn`` is held while writing. Raises StoreError: nothing is lost, call again."""
        done = Rejudged()
        due = {entry.id: entry for entry in self._book.due(self._clock(), RECORDS)}
        if not due:
            return done
        decided: list[str] = []
        again: list[Waiting] = []
        failures = 0
        try:
            for stored in self._records(min(entry.arrived_at for entry in due.values())):
                entry = due.pop(stored.id, None)
                if entry is None:
                    continue
                if self._decided(stored, done.spans, turn or nullcontext()):
                    decided.append(entry.id)
                    failures = 0
                else:
                    again.append(entry)
                    failures += 1
                if not due or failures >= FAILURES:
                    break
        finally:
            missing = [] if failures >= FAILURES else list(due.values())  # not drained yet, or gone from the spool
            self._book.settle(decided, again + missing, self._clock())
        done.decided, done.waiting = len(decided), len(self._book)
        return done

    def _decided(self, stored: StoredRecord, spans: Spans, turn: AbstractContextManager[object]) -> bool:
        """Decide what can be decided; False when some of it must be asked for again."""
        now = datetime.fromtimestamp(self._clock() / 1e9, UTC)
        origin = Origin(stored, arrival_time(stored.record.arrived_at), now)
        judged = self._reports.judged(origin)
        ready = [(found, judgement) for found, judgement in judged if judgement.left_out != UNDECIDED]
        batch = Batch(self._store, SIZE)
        with turn:
            try:
                for found, judgement in ready:
                    decide(self._reports, found, judgement, origin, batch)
            except DocumentRejected:
                return True  # it cannot be written otherwise: it stays stored as undecided
            finally:
                spans.merge(batch.spans)
        return len(ready) == len(judged)
