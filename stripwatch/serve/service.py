"""The running service: what is started in which order, and stopped in the reverse of it.

Order of start: store, drain, evaluation, intakes, dashboard. Order of stop: intakes first (nothing more is
acknowledged), then the drain finishes its batch, then the store closes. Nothing acknowledged needs the stop to succeed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from dashboards.app import create_app
from dashboards.letters import KeptLetters
from dashboards.sources import Health
from ingest.incidents.states import set_state
from ingest.store.protocol import StoreReader
from stripwatch.alerts.alerter import Alerter, recipients_of
from stripwatch.alerts.recipient import Recipient
from stripwatch.alerts.told import ToldBook
from stripwatch.serve.control import Controls, control_app
from stripwatch.serve.health import alerts_check, health
from stripwatch.serve.housekeeping import Housekeeping
from stripwatch.serve.intake_first import IntakeFirst
from stripwatch.serve.intakes import Intakes
from stripwatch.serve.listening import Listener, tcp_socket, unix_socket
from stripwatch.serve.metrics import ServiceMetrics
from stripwatch.serve.pipeline import Pipeline
from stripwatch.serve.rejudging import run_rejudging
from stripwatch.site import Site

_log = logging.getLogger(__name__)
TELLING_SECONDS = 1.0
"""A service that is just being told of incidents is not waited for at the stop: it is told again at the next start."""


class Service:
    """One ``serve``. ``start`` and ``stop`` once each, in one event loop."""

    def __init__(self, site: Site) -> None:
        """Open everything that lies on disk. Raises ConfigurationError, StoreLocked, StoreUnavailable, DrainLocked."""
        self._site = site
        self._settings = site.configuration.serve
        recipients = recipients_of(site.configuration.alerts)
        site.make_folder()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pipeline = Pipeline(site, judge_everything=True, patient=True)
        self._spool = site.spool()
        self._spool.on_commit(self._pipeline.reader.wake)
        self._housekeeping = Housekeeping(self._pipeline.store, site.configuration.data, site.now)
        self._alerter = self._made_alerter(recipients)
        self._telling: threading.Thread | None = None
        self._draining = threading.RLock()
        self._intakes = Intakes(site, self._spool)
        self._dashboard: Listener | None = None
        self._control: Listener | None = None

    async def start(self) -> None:
        """Start all parts that configuration names. Raises ConfigurationError or the collector's SettingsError."""
        self._thread("drain", self._run_drain)
        self._thread("incidents", lambda: self._pipeline.evaluator.run(self._stop, self._settings.evaluate_seconds))
        if self._alerter is not None:
            self._telling = threading.Thread(target=self._alerter.run, args=(self._stop,), name="alerts", daemon=True)
            self._telling.start()
        self._thread("housekeeping", lambda: self._housekeeping.run(self._stop))
        self._thread("rejudging", lambda: run_rejudging(self._pipeline, self._stop, self._draining))
        await self._intakes.start()
        controls = Controls(self._pipeline.store, self.replay, self.choose, self.settled)
        self._control = Listener(control_app(controls), unix_socket(self._site.folders.control))
        await self._control.start()
        if self._settings.dashboard:
            await self._start_dashboard()

    async def stop(self) -> None:
        """Stop taking, finish what is under way, close. Harmless when the start failed half-way."""
        await self._intakes.stop()
        for listener in (self._dashboard, self._control):
            if listener is not None:
                await listener.stop(2.0)
        self._site.folders.control.unlink(missing_ok=True)
        await asyncio.to_thread(self._close)

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where each part listens, by name: smtp, lmtp, https, dashboard."""
        private = {"dashboard": self._dashboard.address} if self._dashboard is not None else {}
        return self._intakes.addresses | private

    @property
    def store(self) -> StoreReader:
        return self._pipeline.store

    def settled(self) -> bool:
        """Whether everything taken is drained and judged."""
        with self._draining:
            return self._spool.depth().records == 0 and not self._pipeline.evaluator.waiting

    def replay(self, since: int | None) -> int:
        """Retired records into the store again; how many. The drain waits meanwhile."""
        with self._draining:
            return self._pipeline.replay(since)

    def choose(self, report_id: str) -> None:
        """A person's choice between conflicting reports. The drain waits meanwhile."""
        with self._draining:
            self._pipeline.choose(report_id)

    def set_state(self, incident_id: str, state: str) -> None:
        """A person's decision about an incident."""
        set_state(self._pipeline.store, self._pipeline.states, incident_id, state, self._site.now(), "operator")

    def _made_alerter(self, recipients: list[Recipient]) -> Alerter | None:
        """None when nobody is to be told."""
        if not recipients:
            return None
        settings = self._site.configuration.alerts
        alerter = Alerter(self._pipeline.store, recipients, ToldBook(self._site.folders.told), settings, self._site.now)
        self._pipeline.evaluator.on_found = alerter.note
        return alerter

    async def _start_dashboard(self) -> None:
        settings = self._site.configuration.dashboard
        host = self._settings.dashboard_host
        parts = self._pipeline
        alerts = self._alerter.counters if self._alerter is not None else None
        metrics = ServiceMetrics(self._spool, parts.drain, parts.dead_letters, self._intakes.snapshots, self._intakes.boxes, alerts)
        app = create_app(
            self._pipeline.store,
            settings=settings,
            incident_states=self.set_state,
            choose_report=self.choose,
            dead_letters=KeptLetters(self._pipeline.dead_letters, self._spool.append),
            health=self._health,
            clock=self._site.now,
            metrics=metrics.text,
        )
        self._dashboard = Listener(app, tcp_socket(host, self._settings.dashboard_port))
        await self._dashboard.start()

    def _health(self) -> Health:
        parts = self._pipeline
        others = (*self._intakes.checks(), *((alerts_check(self._alerter.counters),) if self._alerter is not None else ()))
        return health(self._spool, parts.drain, parts.dead_letters, parts.enricher, self._site.now().date(), others)

    def _run_drain(self) -> None:
        turn = IntakeFirst(self._draining, self._spool, sleep=self._stop.wait)
        self._pipeline.drain.run(self._stop, self._pipeline.note, turn)

    def _thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _close(self) -> None:
        self._stop.set()
        if self._telling is not None:
            self._telling.join(TELLING_SECONDS)
        self._pipeline.reader.wake()
        for thread in self._threads:
            thread.join(self._settings.stop_seconds)
        alive = [thread.name for thread in self._threads if thread.is_alive()]
        if alive:
            _log.warning("still busy at the stop: %s; what they were at is done again at the next start", ", ".join(alive))
        self._spool.close()
        if not alive:
            self._pipeline.close()
