"""The producer's side of the spool: an append returns when the record is durable, and not before.

Any number of threads and asyncio tasks append; one writer thread takes all that wait, writes them at once and syncs
once (group commit). Invariants: an id is returned only after fdatasync returned 0 on a file whose name is durable; after
any failed write or sync the file is given up, never written or synced again; every append ends, with an id or an error.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ingest.spool.clock import SYSTEM_CLOCK, Clock
from ingest.spool.depth import Depth, DepthMeter
from ingest.spool.encoding import encode_record
from ingest.spool.errors import DiskFull, RecordTooLarge, SpoolClosed, SpoolError, SpoolFull, SpoolUnavailable, refusal
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem
from ingest.spool.limits import SpoolLimits
from ingest.spool.record import SpoolRecord
from ingest.spool.segment import record_id, segment_name
from ingest.spool.segment_writer import EncodedRecord, SegmentWriter
from ingest.spool.waiting import AsyncWaiting, BlockingWaiting, Waiting, tell_loops

_log = logging.getLogger(__name__)

Level = Literal["ok", "warn", "full"]


@dataclass(slots=True)
class AppendCounters:
    """Since this spool was opened, by this process."""

    records: int = 0
    bytes: int = 0
    commits: int = 0
    failed_commits: int = 0
    refused: int = 0
    """Appends that got a SpoolError, failed commits' among them."""
    segments: int = 0


class Spool:
    """One producer: appends to segment files of its own in a folder that other producers may share."""

    def __init__(self, folder: Path, limits: SpoolLimits, filesystem: Filesystem, clock: Clock, producer: str) -> None:
        """Use :meth:`open`."""
        self.folder = folder
        self.limits = limits
        self.producer = producer
        self.counters = AppendCounters()
        self._filesystem = filesystem
        self._clock = clock
        self._meter = DepthMeter(folder, limits=limits, filesystem=filesystem)
        self._process = os.getpid()
        self._mutex = threading.Lock()
        self._bell = threading.Condition(self._mutex)
        self._queue: list[Waiting] = []
        self._queued_bytes = 0
        self._closing = False
        self._segment: SegmentWriter | None = None
        self._counter = 0
        self._fault: SpoolError | None = None
        self._fault_until = 0.0
        self._pending_bytes = 0
        self._free_bytes = 0
        self._measured_at: float | None = None
        self._listeners: list[Callable[[], None]] = []
        self._writer = threading.Thread(target=self._run, name="spool-writer", daemon=True)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        limits: SpoolLimits | None = None,
        filesystem: Filesystem = REAL_FILESYSTEM,
        clock: Clock = SYSTEM_CLOCK,
        producer: str | None = None,
    ) -> Spool:
        """Open for appending; makes the folder (SpoolError if it cannot). Nothing that lies in it can keep this from working.

        ``producer``: 12 hexadecimal digits, unique for each opening; random unless given.
        """
        try:
            filesystem.make_folder(folder)
        except OSError as failed:
            raise refusal(failed) from failed
        spool = cls(folder, limits or SpoolLimits(), filesystem, clock, producer or secrets.token_hex(6))
        spool._writer.start()
        return spool

    def append(self, record: SpoolRecord) -> str:
        """Block until the record is durable; its id. Raises SpoolError: then it was not acknowledged (and may yet come out)."""
        return self._append_blocking([self._encode(record)])[0]

    def append_many(self, records: Iterable[SpoolRecord]) -> list[str]:
        """As :meth:`append` for many with one commit for each ``commit_bytes``; ids in their order.

        On SpoolError a leading part of them may be durable: append all of them again, ingest knows repeats.
        """
        ids: list[str] = []
        group: list[EncodedRecord] = []
        size = 0
        for record in records:
            encoded = self._encode(record)
            if group and size + encoded.stored_bytes > self._commit_bytes:
                ids += self._append_blocking(group)
                group, size = [], 0
            group.append(encoded)
            size += encoded.stored_bytes
        return ids + self._append_blocking(group) if group else ids

    async def append_async(self, record: SpoolRecord) -> str:
        """As :meth:`append`, for an asyncio task. Cancelled, the record may or may not have been taken."""
        loop = asyncio.get_running_loop()
        waiting = AsyncWaiting([self._encode(record)], loop)
        self._enqueue(waiting)
        return (await waiting.future)[0]

    def check(self, size: int = 0) -> None:
        """Raise the SpoolError that an append of ``size`` bytes would get now as far as is known: for MAIL FROM and /readyz."""
        with self._mutex:
            self._refuse_unusable()
            self._refuse_size(size)
            fault = self._current_fault()
        if fault is not None:
            raise fault.fresh()
        self._check_room(size)

    def level(self) -> Level:
        """How full the spool is, against ``warn_at`` and ``refuse_at``."""
        self._measure_if_old()
        if self._pending_bytes >= self.limits.refuse_at * self.limits.pending_bytes or self._free_bytes < self.limits.min_free_bytes:
            return "full"
        return "warn" if self._pending_bytes >= self.limits.warn_at * self.limits.pending_bytes else "ok"

    def depth(self) -> Depth:
        """What waits in the whole folder, all producers together, and what was damaged or retired; cheap."""
        return self._meter.read()

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` from the writer thread after each commit; it must be quick and not raise: SpoolReader.wake."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Take no more, finish what waits, seal the segment file. Repeating it does nothing."""
        with self._bell:
            self._closing = True
            self._bell.notify_all()
        if self._process == os.getpid():
            self._writer.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------------ in the caller's thread

    @property
    def _commit_bytes(self) -> int:
        return min(self.limits.commit_bytes, self.limits.segment_bytes)

    def _encode(self, record: SpoolRecord) -> EncodedRecord:
        encoded = encode_record(record)
        self._refuse_size(len(encoded.payload))
        return encoded

    def _refuse_size(self, size: int) -> None:
        if size > self.limits.record_bytes:
            self.counters.refused += 1
            raise RecordTooLarge(f"{size} bytes, at most {self.limits.record_bytes}")

    def _refuse_unusable(self) -> None:
        if self._closing:
            raise SpoolClosed("the spool is closing")
        if self._process != os.getpid():
            raise SpoolUnavailable("opened by another process: open the spool after the fork")

    def _append_blocking(self, records: list[EncodedRecord]) -> list[str]:
        waiting = BlockingWaiting(records)
        self._enqueue(waiting)
        return waiting.result()

    def _enqueue(self, waiting: Waiting) -> None:
        with self._bell:
            self._refuse_unusable()
            if self._queue and self._queued_bytes + waiting.size > self.limits.queue_bytes:
                self.counters.refused += 1
                raise SpoolFull("too much waits for a commit", retry_after=5.0)
            self._queue.append(waiting)
            self._queued_bytes += waiting.size
            if len(self._queue) == 1:
                self._bell.notify()

    # ------------------------------------------------------------------ in the writer thread

    def _run(self) -> None:
        while batch := self._take():
            error: SpoolError | None = None
            try:
                self._commit(batch)
            except SpoolError as refused:
                error = refused
            except Exception as bug:  # noqa: BLE001 — the outermost loop: whatever breaks, whoever waits must be told
                _log.exception("spool writer failed")
                error = SpoolUnavailable(f"{type(bug).__name__}: {bug}")
                self._give_up(error)
            self._tell(batch, error)
        if self._segment is not None:
            self._segment.seal()
            self._segment = None

    def _take(self) -> list[Waiting]:
        """All that wait, up to ``commit_bytes`` and at least one; empty when the spool is closed and nothing waits."""
        with self._bell:
            while not self._queue and not self._closing:
                self._bell.wait()
            size, count = 0, 0
            for waiting in self._queue:
                if count and size + waiting.size > self._commit_bytes:
                    break
                size += waiting.size
                count += 1
            batch = self._queue[:count]
            del self._queue[:count]
            self._queued_bytes -= size
            return batch

    def _commit(self, batch: Sequence[Waiting]) -> None:
        fault = self._current_fault()
        if fault is not None:
            raise fault
        size = sum(waiting.size for waiting in batch)
        self._check_room(size)
        try:
            segment = self._segment_for(size)
            numbers = iter(segment.append([record for waiting in batch for record in waiting.records]))
        except OSError as failed:
            error = refusal(failed)
            self._give_up(error)
            raise error from failed
        if self._fault is not None:
            _log.warning("spool: accepting again, in %s", segment.name)
            self._fault = None
        for waiting in batch:
            waiting.ids = [record_id(segment.name, next(numbers)) for _ in waiting.records]
        self._pending_bytes += size
        self._free_bytes -= size
        self.counters.commits += 1
        self.counters.bytes += size

    def _segment_for(self, size: int) -> SegmentWriter:
        """The open segment file, or a new one when there is none or ``size`` more bytes would be too many for it."""
        if self._segment is not None and self._segment.number and self._segment.offset + size > self.limits.segment_bytes:
            self._segment.seal()
            self._segment = None
        if self._segment is None:
            self._counter += 1
            self._segment = SegmentWriter.create(self._filesystem, self.folder, segment_name(self.producer, self._counter))
            self.counters.segments += 1
        return self._segment

    def _give_up(self, error: SpoolError) -> None:
        """Leave the segment file for good; the next attempt, a little later, begins with a new file."""
        if self._segment is not None:
            self._segment.give_up()
            self._segment = None
        self.counters.failed_commits += 1
        if self._fault is None:  # one line for each outage, not for each try
            _log.warning("spool: a commit failed, nothing of it was acknowledged: %s (%s)", error.reason, error.detail)
        self._fault = error
        self._fault_until = self._clock.monotonic() + self.limits.probe_seconds
        self._measured_at = None

    def _current_fault(self) -> SpoolError | None:
        return self._fault if self._fault is not None and self._clock.monotonic() < self._fault_until else None

    def _check_room(self, size: int) -> None:
        self._measure_if_old()
        mark = self.limits.refuse_at * self.limits.pending_bytes
        if self._pending_bytes + size > mark:
            raise SpoolFull(f"{self._pending_bytes} bytes pending, refusing from {int(mark)}")
        if self._free_bytes - size < self.limits.min_free_bytes:
            raise DiskFull(f"{self._free_bytes} bytes free, keeping {self.limits.min_free_bytes}")

    def _measure_if_old(self) -> None:
        now = self._clock.monotonic()
        if self._measured_at is None or now - self._measured_at >= self.limits.measure_seconds:
            try:
                self._pending_bytes = self._meter.pending_bytes()
                self._free_bytes = self._filesystem.free(self.folder)
            except OSError as failed:
                raise refusal(failed) from failed
            self._measured_at = now

    def _tell(self, batch: Sequence[Waiting], error: SpoolError | None) -> None:
        if error is None:
            self.counters.records += sum(len(waiting.records) for waiting in batch)
        else:
            self.counters.refused += sum(len(waiting.records) for waiting in batch)
        tell_loops([waiting for waiting in batch if isinstance(waiting, AsyncWaiting)], error)
        for waiting in batch:
            if isinstance(waiting, BlockingWaiting):
                waiting.tell(error)
        if error is None:
            self._ring()

    def _ring(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:  # noqa: BLE001 — a listener's bug must not end the writer
                _log.exception("spool listener failed")
