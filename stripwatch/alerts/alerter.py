"""Tells people of incidents while ``serve`` runs.

What is due follows from the store and the book of what was told, never from what happened in this process: an address that was
away, a restart or a crash delay a message and lose none. A crash between telling and writing it down tells it twice.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.pickup.backoff import Backoff
from ingest.incidents.model import Incident
from ingest.incidents.severity import LADDER
from ingest.store.errors import StoreError
from ingest.store.protocol import StoreReader, select_all
from ingest.store.query import Filter, Selection
from ingest.store.schema import INCIDENTS
from stripwatch.alerts import message
from stripwatch.alerts.due import condition, due
from stripwatch.alerts.recipient import Recipient
from stripwatch.alerts.settings import AlertSettings
from stripwatch.alerts.told import Told, ToldBook

_log = logging.getLogger(__name__)
SOON, LATE = 30.0, 3600.0
"""Seconds until an address that took nothing is asked again, at first and at last."""
_KEPT = timedelta(days=100)
"""What was told is remembered so much longer than it could be told again."""


@dataclass(slots=True)
class AlertCounters:
    """Since the start. ``failing``: services that did not take the last message, by what they are."""

    told: int = 0
    messages: int = 0
    failures: int = 0
    failing: tuple[str, ...] = ()


class Alerter:
    """``note`` from any thread; ``run`` in one of its own."""

    def __init__(
        self, store: StoreReader, recipients: Sequence[Recipient], book: ToldBook, settings: AlertSettings, now: Callable[[], datetime]
    ) -> None:
        self.counters = AlertCounters()
        self.recipients = recipients
        self._store = store
        self._book = book
        self._settings = settings
        self._now = now
        self._noted = threading.Event()
        self._noted.set()

    def note(self) -> None:
        """Incidents were put."""
        self._noted.set()

    def tell(self) -> bool:
        """Tell everybody what is due; True when all of it was taken. Raises StoreError."""
        incidents = self._candidates()
        failing = tuple(recipient.service for recipient in self.recipients if not self._tell_one(recipient, incidents))
        self.counters.failing = failing
        return not failing

    def run(self, stop: threading.Event) -> None:
        """Tell until ``stop``."""
        backoff = Backoff(SOON, LATE, random.random)
        while not stop.is_set():
            if not self._noted.wait(0.5):
                continue
            self._noted.clear()
            if self._told_all():
                backoff.reset()
            else:
                stop.wait(backoff.pause())
                self._noted.set()

    def _told_all(self) -> bool:
        try:
            return self.tell()
        except (StoreError, OSError) as error:
            _log.warning("alerts wait: %s", error)
            return False

    def _candidates(self) -> list[Incident]:
        grave = LADDER[LADDER.index(self._settings.severity) :]
        where = (Filter("state", "eq", ("open",)), Filter("severity", "eq", grave), Filter("affected", "gt", (0,)))
        selection = Selection(dataset=INCIDENTS.name, since=self._now() - self._settings.fresh, where=where, limit=500)
        return [Incident.from_document(document) for document in select_all(self._store, selection)]

    def _tell_one(self, recipient: Recipient, incidents: Sequence[Incident]) -> bool:
        now = self._now()
        news = due(incidents, self._book.of(recipient.name), self._settings, now)
        if not news:
            return True
        if not recipient.tell(message.title(news), message.body(news, self._settings.dashboard_url)):
            self.counters.failures += 1
            _log.warning("alerts: %s did not take a message of %d incidents; it is tried again", recipient.service, len(news))
            return False
        self.counters.messages += 1
        self.counters.told += len(news)
        told = [Told(to=recipient.name, condition=condition(one), incident=one.id, severity=one.severity, at=now) for one in news]
        self._book.add(told, now - self._settings.again - _KEPT)
        return True


def recipients_of(settings: AlertSettings) -> list[Recipient]:
    """Raises ConfigurationError."""
    return [Recipient(url, number) for number, url in enumerate(settings.urls, 1)]
