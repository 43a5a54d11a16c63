"""Appends that wait for a commit: a thread at a gate, or an asyncio task on a future."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

from ingest.spool.errors import SpoolError
from ingest.spool.segment_writer import EncodedRecord


class Waiting:
    """Records that are committed together, and the ids they got."""

    __slots__ = ("ids", "records", "size")

    def __init__(self, records: Sequence[EncodedRecord]) -> None:
        self.records = records
        self.size = sum(record.stored_bytes for record in records)
        self.ids: list[str] = []


class BlockingWaiting(Waiting):
    """A thread's. A bare lock is the cheapest gate: one release for each waiter, no shared wake-up."""

    __slots__ = ("_error", "_gate")

    def __init__(self, records: Sequence[EncodedRecord]) -> None:
        super().__init__(records)
        self._error: SpoolError | None = None
        self._gate = threading.Lock()
        self._gate.acquire()

    def result(self) -> list[str]:
        self._gate.acquire()
        if self._error is not None:
            raise self._error.fresh()
        return self.ids

    def tell(self, error: SpoolError | None) -> None:
        self._error = error
        self._gate.release()


class AsyncWaiting(Waiting):
    """A task's."""

    __slots__ = ("future", "loop")

    def __init__(self, records: Sequence[EncodedRecord], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(records)
        self.loop = loop
        self.future: asyncio.Future[list[str]] = loop.create_future()

    def settle(self, error: SpoolError | None) -> None:
        """In the loop's own thread."""
        if self.future.done():  # cancelled meanwhile
            return
        if error is not None:
            self.future.set_exception(error.fresh())
        else:
            self.future.set_result(self.ids)


def tell_loops(waitings: Sequence[AsyncWaiting], error: SpoolError | None) -> None:
    """Wake each event loop once, whatever the number of its tasks that wait. A loop that is gone needs no answer."""
    by_loop: dict[asyncio.AbstractEventLoop, list[AsyncWaiting]] = {}
    for waiting in waitings:
        by_loop.setdefault(waiting.loop, []).append(waiting)
    for loop, tasks in by_loop.items():
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, tasks, error)


def _settle(tasks: Sequence[AsyncWaiting], error: SpoolError | None) -> None:
    for waiting in tasks:
        waiting.settle(error)
