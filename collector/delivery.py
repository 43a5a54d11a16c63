"""From an intake to the sink: the acknowledgement's only source.

An append that has begun is never abandoned, also when its session ends or its sender hangs up: what became durable
without an acknowledgement comes once more, and identity makes that harmless. The bytes stay counted as in flight
until the sink has answered.
"""

from __future__ import annotations

import asyncio
import logging

from collector.counters import IntakeCounters
from collector.errors import NotDurable, Refusal
from collector.in_flight import Lease
from collector.sink import RecordSink
from ingest.spool.errors import SpoolClosed, SpoolError, SpoolFull
from ingest.spool.record import SpoolRecord

log = logging.getLogger(__name__)


class Delivery:
    """Hands records to the sink and counts what became of them."""

    def __init__(self, sink: RecordSink, counters: IntakeCounters, patience: float) -> None:
        """``patience``: seconds an append may take before its sender is told to repeat."""
        self._sink = sink
        self._counters = counters
        self._patience = patience
        self._pending: set[asyncio.Task[str]] = set()

    def check(self, size: int = 0) -> None:
        """Raise NotDurable when an append of ``size`` bytes would be refused now: then nobody needs to send them."""
        try:
            self._sink.check(size)
        except SpoolError as error:
            raise _not_durable(error) from error

    async def deliver(self, record: SpoolRecord, lease: Lease) -> str:
        """Return the record's id once it is durable; raise NotDurable. Takes the lease over."""
        task = asyncio.create_task(self._append(record))
        self._pending.add(task)
        task.add_done_callback(lambda done: self._settle(done, lease))
        try:
            async with asyncio.timeout(self._patience):
                record_id = await asyncio.shield(task)
        except TimeoutError:
            raise NotDurable("sink_slow", "failed") from None
        self._counters.accepted += 1
        self._counters.accepted_bytes += len(record.body)
        return record_id

    async def settled(self, seconds: float) -> None:
        """Wait until every append that has begun is over, at most ``seconds``."""
        if self._pending:
            await asyncio.wait(self._pending, timeout=seconds)

    async def _append(self, record: SpoolRecord) -> str:
        try:
            return await self._sink.append_async(record)
        except SpoolError as error:
            raise _not_durable(error) from error
        except Exception as error:
            log.exception("the sink failed in an undocumented way")
            raise NotDurable("internal_error", "failed") from error

    def _settle(self, task: asyncio.Task[str], lease: Lease) -> None:
        self._pending.discard(task)
        lease.close()
        if not task.cancelled():
            task.exception()  # retrieved here too: the session that waited may be gone


def _not_durable(error: SpoolError) -> NotDurable:
    return NotDurable(error.reason, _kind(error), error.retry_after)


def _kind(error: SpoolError) -> Refusal:
    if error.permanent:
        return "too_large"
    if isinstance(error, SpoolFull):
        return "full"
    return "closing" if isinstance(error, SpoolClosed) else "failed"
