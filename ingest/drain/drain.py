"""The drain: reads the spool's records, makes documents, writes them, and commits the checkpoint last.

Invariants: a record's checkpoint moves only when each of its items has its fate (stored, duplicate, conflict, dead
letter) durably; draining a record again changes nothing, whatever was written of it before; a store that does not
answer stops the drain and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.conflicts.choices import ChoiceBook
from ingest.dead_letters.errors import DeadLettersUnavailable
from ingest.dead_letters.folder import DeadLetters
from ingest.dead_letters.letter import Letter
from ingest.documents.arrivals import Tally, arrival_document, arrival_time
from ingest.drain.batch import Batch, Origin, Spans
from ingest.drain.judgement import Judge
from ingest.drain.reports import ReportBatch, ReportIntake
from ingest.drain.sessions import SessionIntake
from ingest.drain.undecided import UndecidedBook
from ingest.enrich.enricher import Enricher
from ingest.reports.limits import Limits as ReportLimits
from ingest.reports.privacy import PRIVATE, Privacy
from ingest.spool.errors import CheckpointFailed
from ingest.spool.reader import SpoolReader
from ingest.spool.record import StoredRecord
from ingest.store.errors import StoreError, StoreUnavailable
from ingest.store.protocol import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainSettings:
    """How much is taken at once, and how long a store that does not answer is left alone (seconds, doubling)."""

    records: int = 500
    bytes: int = 8 << 20
    documents: int = 4_000
    backoff_first: float = 0.5
    backoff_most: float = 60.0


@dataclass(slots=True)
class DrainCounters:
    """Since this drain was made: items by outcome, and how often the store did not answer."""

    records: int = 0
    outcomes: Tally = field(default_factory=Tally)
    store_failures: int = 0
    last_failure: str | None = None


class Drain:
    """One thread runs it; ``counters`` may be read from any. ``tenant_of`` maps a domain (None for sessions) to a tenant."""

    def __init__(
        self,
        *,
        reader: SpoolReader,
        store: Store,
        dead_letters: DeadLetters,
        enricher: Enricher,
        judge: Judge,
        clock: Callable[[], int],
        settings: DrainSettings | None = None,
        report_limits: ReportLimits | None = None,
        tenant_of: Callable[[str | None], str | None] = lambda domain: None,
        undecided: UndecidedBook | None = None,
        choices: ChoiceBook | None = None,
        privacy: Privacy = PRIVATE,
    ) -> None:
        """``clock`` gives nanoseconds since the epoch, for what is written about the drain itself. ``undecided`` notes the
        records to judge again; without it they stay undecided. ``choices``: which of conflicting reports somebody chose.
        ``privacy``: what of failure reports is kept."""
        self._reader = reader
        self._store = store
        self._dead_letters = dead_letters
        self._settings = settings or DrainSettings()
        self._clock = clock
        self._undecided = undecided
        self.counters = DrainCounters()
        self._sessions = SessionIntake(enricher, tenant_of)
        self.reports = ReportIntake(enricher, judge, report_limits or ReportLimits(), tenant_of, choices, privacy)

    def step(self) -> Spans | None:
        """Drain one batch and commit it; the times of the documents it made, None when nothing waited.

        Raises StoreUnavailable, DeadLettersUnavailable or CheckpointFailed: call again later, the records come again.
        """
        records = self._reader.read(self._settings.records, self._settings.bytes)
        if not records:
            return None
        try:
            spans = self._drained(records)
            self._reader.commit(records[-1].id)
        except (StoreError, DeadLettersUnavailable, CheckpointFailed):
            self._reader.rewind()
            raise
        return spans

    def replay(self, records: Iterable[StoredRecord]) -> tuple[int, Spans]:
        """Write records again that were drained before; how many, and the times of their documents."""
        count, spans, batch = 0, Spans(), []
        for stored in records:
            batch.append(stored)
            if len(batch) >= self._settings.records:
                spans.merge(self._drained(batch))
                count += len(batch)
                batch = []
        if batch:
            spans.merge(self._drained(batch))
        return count + len(batch), spans

    def run(self, stop: threading.Event, drained: Callable[[Spans], None], turn: AbstractContextManager[object] | None = None) -> None:
        """Drain until ``stop``; ``drained`` is told after each batch. Backs off while the store does not answer.
        ``turn`` is held for each step and its telling: who holds it finds nothing half-done, and has the store to itself."""
        pause = self._settings.backoff_first
        while not stop.is_set():
            try:
                with turn or nullcontext():
                    spans = self.step()
                    if spans is not None:
                        drained(spans)
            except (StoreError, DeadLettersUnavailable, CheckpointFailed) as error:
                self._note_failure(error)
                stop.wait(pause)
                pause = min(pause * 2, self._settings.backoff_most)
                continue
            pause = self._settings.backoff_first
            self.counters.last_failure = None
            if spans is None:
                self._reader.wait(self._reader.limits.poll_seconds)

    def _note_failure(self, error: Exception) -> None:
        self.counters.store_failures += 1
        line = f"{getattr(error, 'reason', 'error')}: {error}"
        if line != self.counters.last_failure:
            _log.warning("draining waits: %s", line)
        self.counters.last_failure = line

    def _drained(self, records: Sequence[StoredRecord]) -> Spans:
        now = datetime.fromtimestamp(self._clock() / 1e9, UTC)
        batch = Batch(self._store, self._settings.documents)
        reports = ReportBatch(batch, self.reports)
        tallies: list[tuple[StoredRecord, Origin, Tally]] = []
        for stored in records:
            origin = Origin(stored, arrival_time(stored.record.arrived_at), now)
            tally = Tally()
            tallies.append((stored, origin, tally))
            if stored.record.content == "sessions":
                self._sessions.take(origin, batch, tally)
            else:
                self.reports.take(origin, reports, tally)
        reports.settle()
        batch.settle()
        self._bury(batch.letters)
        if self._undecided is not None and batch.undecided:
            self._undecided.add(batch.undecided.items())
        arrivals = [arrival_document(stored, tally, origin.fields(tally.tenant)) for stored, origin, tally in tallies]
        batch.write_arrivals(arrivals)
        for _, _, tally in tallies:
            self.counters.outcomes.merge(tally)
        self.counters.records += len(records)
        return batch.spans

    def _bury(self, letters: Sequence[Letter]) -> None:
        for letter in letters:
            self._dead_letters.add(letter)


__all__ = ["Drain", "DrainCounters", "DrainSettings", "Spans", "StoreUnavailable"]
