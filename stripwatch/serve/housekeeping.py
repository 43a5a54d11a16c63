"""Retention: what is older than configuration keeps leaves the store, once an hour."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from ingest.store.errors import StoreError
from ingest.store.protocol import Store
from stripwatch.configuration.sections import DataSettings

_log = logging.getLogger(__name__)

INTERVAL = 3600.0


class Housekeeping:
    """Drops old documents; incidents go with the reports' age, as their evidence does."""

    def __init__(self, store: Store, settings: DataSettings, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        sessions, reports = settings.keep_sessions_days, settings.keep_reports_days
        self._days = {"sessions": sessions, "arrivals": max(sessions, reports) if sessions and reports else 0, "incidents": reports}
        self._days |= dict.fromkeys(("reports", "dmarc", "tlsrpt", "tlsrpt_failures"), reports)

    def tidy(self) -> int:
        """Drop what is too old; how many documents. Raises StoreError."""
        now = self._now()
        return sum(self._store.delete_before(name, now - timedelta(days=days)) for name, days in self._days.items() if days)

    def run(self, stop: threading.Event) -> None:
        """Tidy until ``stop``."""
        while not stop.is_set():
            try:
                self.tidy()
            except StoreError as error:
                _log.warning("retention waits: %s: %s", error.reason, error)
            stop.wait(INTERVAL)
