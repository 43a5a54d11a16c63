"""Incidents are judged again soon after new documents, over the times that those speak of."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from ingest.drain.batch import Spans
from ingest.incidents.evaluation import evaluate
from ingest.incidents.model import Incident
from ingest.incidents.settings import Settings
from ingest.incidents.states import StateBook
from ingest.store.errors import StoreError
from ingest.store.protocol import Store

_log = logging.getLogger(__name__)
RESTS = 4


class Evaluator:
    """``note`` from the drain's thread; ``run`` in one of its own. What could not be judged is judged later."""

    def __init__(self, store: Store, states: StateBook, settings: Settings, now: Callable[[], datetime], everything: bool = True) -> None:
        """``everything``: judge all that is stored at the start, as rules or settings may have changed."""
        self._store = store
        self._states = states
        self._settings = settings
        self._now = now
        self._mutex = threading.Lock()
        self._waiting: Spans | None = None
        self._everything = everything
        self._noted = threading.Event()
        if everything:
            self._noted.set()
        self._busy = False
        self.failures = 0
        self.on_found: Callable[[], None] = lambda: None
        """Called when incidents were put, from the thread that judges; quick, and raises nothing."""

    @property
    def waiting(self) -> bool:
        """Whether something is to be judged or being judged."""
        with self._mutex:
            return self._busy or self._everything or self._waiting is not None

    def note(self, spans: Spans) -> None:
        """Documents of these times were written."""
        with self._mutex:
            self._waiting = self._waiting or Spans()
            self._waiting.merge(spans)
        self._noted.set()

    def note_everything(self) -> None:
        """The whole store was written anew."""
        with self._mutex:
            self._everything = True
        self._noted.set()

    def evaluate_now(self) -> list[Incident]:
        """Judge what waits; the incidents put. Raises StoreError, and then it waits on."""
        with self._mutex:
            spans, everything = self._waiting, self._everything
            self._waiting, self._everything, self._busy = None, False, True
            self._noted.clear()
        try:
            return self._judged(spans, everything)
        except StoreError:
            with self._mutex:
                self._everything = self._everything or everything
                if spans is not None:
                    self._waiting = self._waiting or Spans()
                    self._waiting.merge(spans)
            self._noted.set()
            raise
        finally:
            with self._mutex:
                self._busy = False

    def run(self, stop: threading.Event, pause: float) -> None:
        """Judge until ``stop``, at most once in ``pause`` seconds, and RESTS times as long as it took: it takes longer
        the more sessions a month has, and the drain is to have its share."""
        while not stop.is_set():
            if not self._noted.wait(0.5):
                continue
            if stop.is_set():
                return
            began = time.monotonic()
            try:
                self.evaluate_now()
            except StoreError as error:
                self.failures += 1
                _log.warning("incidents wait: %s: %s", error.reason, error)
            stop.wait(max(pause, RESTS * (time.monotonic() - began)))

    def _judged(self, spans: Spans | None, everything: bool) -> list[Incident]:
        if not everything and spans is None:
            return []
        self._store.refresh()
        times = None if everything or spans is None else spans.times
        found = evaluate(self._store, now=self._now(), settings=self._settings, spans=times, states=self._states)
        if found:
            self._store.put([incident.to_document() for incident in found])
            self.on_found()
        return found
