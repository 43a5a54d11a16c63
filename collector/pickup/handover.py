"""From a thread that empties a box to the event loop that owns delivery, counters and the bound on memory."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from collector.counters import IntakeCounters
from collector.delivery import Delivery
from collector.errors import NotDurable
from collector.in_flight import InFlight, Lease
from ingest.spool.record import SpoolRecord

T = TypeVar("T")


class Handover:
    """Blocks its caller, which must not be the loop's thread. Counters change in the loop alone."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, delivery: Delivery, in_flight: InFlight, counters: IntakeCounters, admission_wait: float
    ) -> None:
        """``admission_wait``: seconds to wait for room in memory."""
        self._loop = loop
        self._delivery = delivery
        self._in_flight = in_flight
        self._counters = counters
        self._admission_wait = admission_wait

    @contextmanager
    def room(self, size: int) -> Iterator[Lease]:
        """Room in memory for one mail. Raises NotDurable when the sink would refuse it, or no room came free in time."""
        lease = self._run(self._admit(size))
        try:
            yield lease
        finally:
            self._tell(lease.close)

    def deliver(self, record: SpoolRecord, lease: Lease) -> None:
        """Return when the record is durable; raise NotDurable. Takes the lease over."""
        self._run(self._deliver(record, lease))

    def refuse(self, reason: str) -> None:
        """Count a mail that was not taken."""
        self._tell(self._counters.refused.update, [reason])

    def weird(self, name: str) -> None:
        """Count something odd that was survived."""
        self._tell(self._counters.weird.update, [name])

    def opened(self, *, tls: bool) -> None:
        """Count a connection that was made."""
        self._tell(self._count_opened, tls)

    def closed(self) -> None:
        """Count its end."""
        self._tell(self._count_closed)

    async def _admit(self, size: int) -> Lease:
        self._delivery.check(size)
        lease = Lease(self._in_flight)
        if not await lease.admit(size, self._admission_wait):
            raise NotDurable("memory_full", "full")
        return lease

    async def _deliver(self, record: SpoolRecord, lease: Lease) -> None:
        await self._delivery.deliver(record, lease.hand_over())

    def _count_opened(self, tls: bool) -> None:
        self._counters.connections += 1
        self._counters.connections_open += 1
        self._counters.tls_sessions += tls

    def _count_closed(self) -> None:
        self._counters.connections_open -= 1

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _tell(self, what: Any, *arguments: Any) -> None:
        self._loop.call_soon_threadsafe(what, *arguments)
