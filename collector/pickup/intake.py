"""An intake that empties a box, in a thread of its own: open, take all, wait for more; after a failure, again from the start."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from collector.counters import IntakeCounters, IntakeSnapshot
from collector.delivery import Delivery
from collector.errors import BoxError, NotDurable
from collector.in_flight import InFlight
from collector.pickup.backoff import Backoff
from collector.pickup.box import Box
from collector.pickup.handover import Handover
from collector.pickup.rounds import Rounds
from collector.pickup.settings import PickupSettings
from collector.sink import RecordSink

log = logging.getLogger(__name__)

BoxState = Literal["opening", "watching", "failing"]
ABANDON_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BoxStatus:
    """How a box's intake is at one moment."""

    state: BoxState
    says: str
    """How new mail is noticed; while failing, what is wrong."""
    reason: str | None = None
    """While failing: the stable word."""
    left: int = 0
    """Mails that lie in the box and will not be taken: too large, or refused for good."""


class PickupIntake:
    """Takes mail out of a box and appends it to a sink. ``start`` and ``stop`` once each, in one event loop.

    A box that cannot be opened is no reason not to start: it is tried again, and ``status`` says what is wrong.
    """

    def __init__(
        self, name: str, open_box: Callable[[], Box], settings: PickupSettings, sink: RecordSink, in_flight: InFlight | None = None
    ) -> None:
        """``name`` is for the log; ``open_box`` may block and raises BoxError."""
        self._name = name
        self._open_box = open_box
        self._settings = settings
        self._counters = IntakeCounters()
        self._delivery = Delivery(sink, self._counters, settings.append_seconds)
        self._in_flight = in_flight or InFlight(max(settings.size_limit, 1))
        self._backoff = Backoff(settings.retry_first, settings.retry_most, random.random)
        self._stop = threading.Event()
        self._status = BoxStatus("opening", "not tried yet")
        self._box: Box | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        loop = asyncio.get_running_loop()
        handover = Handover(loop, self._delivery, self._in_flight, self._counters, self._settings.admission_wait)
        self._thread = threading.Thread(target=self._run, args=(handover,), name=self._name, daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Take no more; the mail under way may end, for a while."""
        self._stop.set()
        if self._thread is None:
            return
        await asyncio.to_thread(self._thread.join, self._settings.stop_seconds)
        box = self._box
        if self._thread.is_alive() and box is not None:
            box.abandon()
            await asyncio.to_thread(self._thread.join, ABANDON_SECONDS)

    def snapshot(self) -> IntakeSnapshot:
        """The counters now."""
        return self._counters.snapshot(self._in_flight.held)

    def status(self) -> BoxStatus:
        """How it is."""
        return self._status

    def _run(self, handover: Handover) -> None:
        rounds = Rounds(handover, self._settings.size_limit, self._stop)
        while not self._stop.is_set():
            pause = self._watch(handover, rounds)
            self._stop.wait(pause)

    def _watch(self, handover: Handover, rounds: Rounds) -> float:
        """Until something fails; the seconds to wait then."""
        try:
            self._empty_for_ever(handover, rounds)
        except BoxError as error:
            handover.weird(error.reason)
            return self._failed(error.reason, str(error), rounds, longest=error.patient)
        except NotDurable as error:
            handover.refuse(error.reason)
            return self._failed(error.reason, "the spool takes nothing now", rounds)
        except Exception as error:  # this thread's outermost loop: a mistake of ours must not end the intake
            if not self._stop.is_set():
                log.exception("%s failed in an undocumented way", self._name)
            return self._failed("internal_error", str(error), rounds)
        return 0.0

    def _empty_for_ever(self, handover: Handover, rounds: Rounds) -> None:
        box = self._box = self._open_box()
        handover.opened(tls=box.tls_version is not None)
        try:
            while not self._stop.is_set():
                taken = rounds.take_all(box)
                self._worked(box, rounds)
                if not taken:  # else more may have come meanwhile, of which the box will not tell again
                    box.wait(self._stop)
        finally:
            self._box = None
            box.close()
            handover.closed()

    def _worked(self, box: Box, rounds: Rounds) -> None:
        self._backoff.reset()
        if self._status.state != "watching":
            log.info("%s: %s", self._name, box.waits_by)
        self._status = BoxStatus("watching", box.waits_by, left=rounds.left)

    def _failed(self, reason: str, detail: str, rounds: Rounds, *, longest: bool = False) -> float:
        if not self._stop.is_set() and self._status.reason != reason:
            log.warning("%s: %s: %s", self._name, reason, detail)
        self._status = BoxStatus("failing", detail, reason, rounds.left)
        return self._backoff.pause(longest=longest)
