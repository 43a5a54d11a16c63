"""What goes on beside a capture: draining the spool here when no service does, or forwarding it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Protocol

from ingest.spool.drain_lock import DrainLock
from ingest.spool.errors import DrainLocked
from ingest.spool.reader import SpoolReader
from sniffer.live.collector_client import CollectorClient
from sniffer.live.forwarder import Forwarder
from stripwatch.cli.feeding import drain_here
from stripwatch.cli.outcome import say_outcome
from stripwatch.site import Site

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 10.0
STOP_SECONDS = 30.0


class Background(Protocol):
    """Runs from ``start`` to ``stop``; ``stop`` does what is left to do, once."""

    def start(self) -> None: ...

    def note(self) -> None:
        """Something new lies in the spool."""
        ...

    def stop(self) -> None: ...


class Idle:
    """Nothing to do: sessions are printed."""

    def start(self) -> None: ...

    def note(self) -> None: ...

    def stop(self) -> None: ...


class Draining:
    """Into the store now and then, as long as no service holds the drain lock; the store is let go in between."""

    def __init__(self, site: Site, seconds: float = DRAIN_SECONDS) -> None:
        self._site = site
        self._seconds = seconds
        self._stopping = threading.Event()
        self._new = threading.Event()
        self._failing = ""
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def note(self) -> None:
        self._new.set()

    def stop(self) -> None:
        """The last drain, with what became of everything since the previous one on stderr. Raises what the store raises."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        say_outcome(drain_here(self._site))

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            if self._new.is_set():
                self._new.clear()
                self._drain()

    def _drain(self) -> None:
        try:
            if not _service_drains(self._site.folders.spool):
                drain_here(self._site)
            self._failing = ""
        except Exception as error:  # noqa: BLE001 — the outermost loop: sessions wait in the spool, the capture goes on
            self._new.set()
            said = f"{getattr(error, 'reason', type(error).__name__)}: {error}"
            if said != self._failing:
                _log.warning("not stored yet: %s; sessions wait in the spool", said)
            self._failing = said


def _service_drains(folder: Path) -> bool:
    """Asked first: opening the store's parts only to find the lock taken would cost much more."""
    try:
        with DrainLock(folder):
            return False
    except DrainLocked:
        return True


class Forwarding:
    """To a collector, from a spool of its own."""

    def __init__(self, site: Site, client: CollectorClient, folder: Path) -> None:
        """Raises DrainLocked when another sensor process forwards from this folder."""
        self._client = client
        self._reader = SpoolReader.open(folder, limits=site.configuration.spool, clock=site.clock)
        self.forwarder = Forwarder(self._reader, client.post)
        self._stopping = threading.Event()
        self._bell = threading.Event()
        self._thread = threading.Thread(target=self.forwarder.run, args=(self._wait,), name="forward", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def note(self) -> None:
        self._bell.set()

    def stop(self) -> None:
        """What still waits is tried once more; what isn't taken then waits for the next start."""
        self._stopping.set()
        self._bell.set()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            return
        while self.forwarder.step() == 0.0:
            pass
        waiting = self._reader.depth().records
        self._reader.close()
        self._client.close()
        _log.info("forwarded %d batches, %d wait in the spool", self.forwarder.counters.records, waiting)

    def _wait(self, seconds: float) -> bool:
        if seconds <= 1.0:
            self._bell.wait(seconds)
            self._bell.clear()
            return self._stopping.is_set()
        return self._stopping.wait(seconds)
