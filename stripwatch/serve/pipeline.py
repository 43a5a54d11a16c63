"""From spool to incidents in one process: the reader's lock, the store, the drain and the evaluation, opened together.

A damaged DuckDB file is set aside, and the new one is filled from retired segments.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar

from ingest.conflicts.choices import ChoiceBook
from ingest.conflicts.choosing import choose
from ingest.conflicts.settling import settle
from ingest.dead_letters.folder import DeadLetters
from ingest.drain.batch import Batch, Spans
from ingest.drain.drain import Drain
from ingest.drain.garbage import look_rarely
from ingest.drain.rejudge import Rejudge, Rejudged
from ingest.drain.undecided import UndecidedBook
from ingest.enrich.enricher import Enricher
from ingest.incidents.states import FILE_NAME, StateBook
from ingest.spool.errors import DrainLocked
from ingest.spool.replay import replay
from ingest.store.errors import StoreDamaged, StoreError, StoreLocked, StoreUnavailable
from ingest.store.protocol import Store
from stripwatch.serve.evaluation import Evaluator
from stripwatch.site import Site

_log = logging.getLogger(__name__)
LOCK_SECONDS = 10.0
"""How long ``serve`` waits for the drain lock and the store at its start."""
_LOOK_SECONDS = 0.2
OpenedT = TypeVar("OpenedT")
_WRITTEN_AT_ONCE = 1_000


class Pipeline:
    """Everything between the spool and the incidents. ``close`` once; also a context manager."""

    def __init__(self, site: Site, *, judge_everything: bool, patient: bool = False) -> None:
        """Raises DrainLocked while another process drains, StoreLocked, StoreUnavailable, ConfigurationError.

        ``judge_everything``: evaluate all that is stored once, as rules or settings may have changed. ``patient``: a store
        that does not answer now is waited for later, as reports are taken meanwhile; a lock is waited for some seconds.
        """
        look_rarely()
        self.site = site
        self.enricher: Enricher = site.enricher()
        self.dead_letters: DeadLetters = site.dead_letters()
        judge = site.judge()
        self.reader = _awaited(site.reader, patient)
        try:
            self.store, rebuild = _opened(site, patient)
        except BaseException:
            self.reader.close()
            raise
        self.states = StateBook(site.folders.root / FILE_NAME)
        self._choices = ChoiceBook(site.folders.choices)
        undecided = UndecidedBook(site.folders.undecided)
        self.drain = Drain(
            reader=self.reader,
            store=self.store,
            dead_letters=self.dead_letters,
            enricher=self.enricher,
            judge=judge,
            clock=site.clock.wall,
            report_limits=site.configuration.report_limits,
            tenant_of=site.tenant_of(),
            undecided=undecided,
            choices=self._choices,
            privacy=site.configuration.reports.privacy,
        )
        self._rejudge = Rejudge(
            self.drain.reports, self.store, undecided, lambda since: replay(site.folders.spool, since=since), site.clock.wall
        )
        everything = judge_everything or rebuild
        self.evaluator = Evaluator(self.store, self.states, site.configuration.incidents, site.now, everything=everything)
        if rebuild:
            self.replay(None)
        self._carry_out_choices()

    def replay(self, since: int | None) -> int:
        """Retired records (since, nanoseconds since the epoch) into the store again; how many."""
        count, _ = self.drain.replay(replay(self.site.folders.spool, since=since))
        self.evaluator.note_everything()
        return count

    def choose(self, report_id: str) -> None:
        """An operator's choice: of the reports in conflict with it this one counts. Raises ConflictError, StoreError."""
        batch = Batch(self.store, _WRITTEN_AT_ONCE)
        try:
            choose(self.store, self._choices, report_id, self.site.now(), "operator", batch.put)
        finally:
            self.note(batch.spans)

    def _carry_out_choices(self) -> None:
        """What a stop left half-done of a choice is finished, as far as the store answers."""
        batch = Batch(self.store, _WRITTEN_AT_ONCE)
        try:
            for choice in self._choices:
                settle(self.store, choice, batch.put)
        except StoreError as error:
            _log.warning("%s: %s; choices between reports are looked at again at the next start", error.reason, error)
        self.note(batch.spans)

    def rejudge(self, turn: AbstractContextManager[object]) -> Rejudged:
        """Judge again what the DNS did not let us judge; ``turn`` is held while writing. Raises StoreError."""
        done = self._rejudge.step(turn)
        self.note(done.spans)
        return done

    def note(self, spans: Spans) -> None:
        """Documents of these times were written: they are to be judged."""
        if spans:
            self.evaluator.note(spans)

    def close(self) -> None:
        """The store first: who then gets the drain lock finds the store free."""
        self.store.close()
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _awaited(opened: Callable[[], OpenedT], patient: bool) -> OpenedT:
    """What ``opened`` gives; when ``patient``, a lock that a short command holds (``sniff``, ``import``, ``query``) is
    waited for. Raises DrainLocked, StoreLocked."""
    waits = round(LOCK_SECONDS / _LOOK_SECONDS) if patient else 0
    for look in range(waits):
        try:
            return opened()
        except (DrainLocked, StoreLocked) as error:
            if look == 0:
                _log.warning("%s: %s; waiting up to %.0f seconds for it", error.reason, error, LOCK_SECONDS)
            time.sleep(_LOOK_SECONDS)
    return opened()


def _opened(site: Site, patient: bool) -> tuple[Store, bool]:
    """The store, prepared; True when it is new because the old one was damaged."""
    rebuild = False
    try:
        store = _awaited(site.store, patient)
    except StoreDamaged as error:
        from ingest.store.duckdb_store.files import set_aside

        kept = set_aside(site.folders.duckdb, f"damaged-{site.now():%Y%m%dT%H%M%S}")
        names = ", ".join(path.name for path in kept)
        _log.error("%s; set aside as %s, and a new one is made from retired segments", error, names)
        store, rebuild = site.store(), True
    try:
        store.prepare()
    except StoreUnavailable as error:
        if not patient:
            store.close()
            raise
        _log.warning("%s: %s; reports are taken and wait in the spool", error.reason, error)
    return store, rebuild
