"""The drain's side of the spool: every producer's records in order, again and again until they are committed.

Invariants: what was not committed is delivered again after a restart (at least once), with the same id; a segment file
leaves the folder only after a checkpoint past its end is durable; damage costs what is damaged and nothing else, is
counted once, and never stops or repeats anything.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ingest.spool.checkpoint import NAME as CHECKPOINT
from ingest.spool.checkpoint import Checkpoint, Counters, Position, load_checkpoint, store_checkpoint
from ingest.spool.clock import SYSTEM_CLOCK, Clock
from ingest.spool.depth import Depth, DepthMeter, pending_segments
from ingest.spool.drain_lock import DrainLock
from ingest.spool.durable_file import TEMPORARY, read_whole, write_durably
from ingest.spool.encoding import decode_record
from ingest.spool.errors import CheckpointFailed, no_room, refusal
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem
from ingest.spool.limits import SpoolLimits
from ingest.spool.quarantine import Quarantine, bad_name
from ingest.spool.record import StoredRecord
from ingest.spool.replay import replay
from ingest.spool.retired import RetiredSegments
from ingest.spool.segment import HEADER_BYTES, SUFFIX, Bad, UnknownVersion, Whole, find_marker, record_id, scan
from ingest.spool.segment_file import SegmentFile

_log = logging.getLogger(__name__)

RESERVE: Final = "reserve"
_DAY: Final = 86_400 * 10**9
_NOTHING: Final = Counters()


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing read, not yet committed: the position after it, and what it adds to the counters beside being drained."""

    id: str | None
    """None for damage."""
    segment: str
    after: Position
    counts: Counters


class SpoolReader:
    """The one drain's reader. One thread uses it; :meth:`wake`, :meth:`depth` and :meth:`replay` are for any thread."""

    def __init__(self, folder: Path, limits: SpoolLimits, filesystem: Filesystem, clock: Clock, lock: DrainLock) -> None:
        """Use :meth:`open`."""
        self.folder = folder
        self.limits = limits
        self._filesystem = filesystem
        self._clock = clock
        self._lock = lock
        self._meter = DepthMeter(folder, limits=limits, filesystem=filesystem)
        self._retired = RetiredSegments(folder, limits=limits, filesystem=filesystem)
        self._quarantine = Quarantine(folder, limit=limits.quarantine_bytes, filesystem=filesystem)
        self._woken = threading.Event()
        self._steps: deque[_Step] = deque()
        self._cursor: dict[str, Position] = {}
        self._durable: dict[str, Position] = {}
        self._counters = _NOTHING
        self._changed = False
        self._finished: dict[str, int] = {}
        """Size of each segment file that was read to its end and that nobody writes any more."""
        self._abandoned: set[str] = set()
        self._stalled: dict[str, int] = {}
        """Size of each segment file when nothing whole could be read from what is left of it."""
        self._failed: dict[str, float] = {}
        """When each segment file that could not be read is tried again."""
        self._last_producer = ""
        self._suspects: set[str] = set()
        self._service = 0
        self._service_from = clock.monotonic()
        self._tidied_at: float | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        limits: SpoolLimits | None = None,
        filesystem: Filesystem = REAL_FILESYSTEM,
        clock: Clock = SYSTEM_CLOCK,
    ) -> SpoolReader:
        """Take the drain lock and load the checkpoint; makes the folder. Raises DrainLocked, or SpoolUnavailable if the
        folder cannot be made or listed. No damage keeps it from opening: without a usable checkpoint everything pending is
        delivered again."""
        lock = DrainLock(folder, filesystem=filesystem)
        lock.acquire()
        try:
            reader = cls(folder, limits or SpoolLimits(), filesystem, clock, lock)
            reader._load()
        except OSError as failed:
            lock.release()
            raise refusal(failed) from failed
        return reader

    # ------------------------------------------------------------------ reading

    def read(self, max_records: int = 500, max_bytes: int = 8 << 20) -> list[StoredRecord]:
        """The next records, each producer's in its order; at least one if any is whole, whatever its size; [] if none.

        They count as read until :meth:`commit` (done with them) or :meth:`rewind` (deliver them again). Raises
        SpoolUnavailable while the folder cannot be listed.
        """
        records: list[StoredRecord] = []
        size = 0
        for segment, length in self._in_turn():
            for payload_bytes, stored in self._records(segment, length):
                records.append(stored)
                size += payload_bytes
                if len(records) >= max_records or size >= max_bytes:
                    self._last_producer = _producer(segment)
                    return records
        return records

    def rewind(self) -> None:
        """Deliver again what was read and not committed."""
        self._steps.clear()
        self._cursor = dict(self._durable)
        self._finished.clear()
        self._stalled.clear()

    def commit(self, through: str | None = None) -> None:
        """Done with every record read up to ``through`` (an id; None: all): durable on return, then retire what is drained.

        Raises CheckpointFailed: nothing is lost, the records count as read, and a later commit includes them. KeyError for an
        id that is not waiting for a commit.
        """
        steps = self._through(through)
        durable = dict(self._durable)
        for step in steps:
            durable[step.segment] = step.after
        if steps or self._changed:
            counts = _sum_of(steps)
            self._store(durable, counts)
            self._durable, self._counters, self._changed = durable, self._counters.plus(counts), False
            for _ in steps:
                self._steps.popleft()
        self._retire()

    def wake(self) -> None:
        """End a :meth:`wait`: for Spool.on_commit, and for stopping. Any thread."""
        self._woken.set()

    def wait(self, timeout: float) -> bool:
        """Until records may be there (True) or ``timeout`` seconds passed (False); commits and tidies meanwhile.

        An in-process append wakes it at once through :meth:`wake`; other processes' are found within ``poll_seconds``.
        """
        end = self._clock.monotonic() + timeout
        self.tidy()
        while True:
            if self._anything_new():
                return True
            left = end - self._clock.monotonic()
            if left <= 0:
                return False
            if self._woken.wait(min(left, self.limits.poll_seconds)):
                self._woken.clear()
                return True

    def tidy(self) -> None:
        """Retire what is drained, expire what is old, remove litter; quick when there is nothing to do. Never raises for a
        failing disk: it is tried again later."""
        with suppress(CheckpointFailed):
            if not self._steps:
                self.commit()
        now = self._clock.monotonic()
        if self._tidied_at is not None and now - self._tidied_at < self.limits.tidy_seconds:
            return
        self._tidied_at = now
        with suppress(OSError):
            self._expire()
            self._sweep()
            self._keep_reserve()

    def depth(self) -> Depth:
        """As Spool.depth. Any thread."""
        return self._meter.read()

    def replay(self, since: int | None = None) -> Iterator[StoredRecord]:
        """As :func:`ingest.spool.replay.replay`. Any thread."""
        return replay(self.folder, since=since, filesystem=self._filesystem)

    def close(self) -> None:
        """Let the lock go. What was read and not committed is delivered to the next reader."""
        if self._lock.held:
            with suppress(CheckpointFailed):
                self._steps.clear()
                self._changed = True
                self.commit()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------------ segments

    def _in_turn(self) -> list[tuple[str, int]]:
        """Files that may hold something to read, those of the producer after the last one first: none starves the others."""
        waiting = [(name, size) for name, size in self._pending() if self._may_hold(name, size)]
        later = [item for item in waiting if _producer(item[0]) > self._last_producer]
        return later + [item for item in waiting if _producer(item[0]) <= self._last_producer]

    def _pending(self) -> list[tuple[str, int]]:
        try:
            return pending_segments(self._filesystem, self.folder)
        except OSError as failed:
            raise refusal(failed) from failed

    def _may_hold(self, segment: str, size: int) -> bool:
        if segment in self._finished or self._clock.monotonic() < self._failed.get(segment, 0.0):
            return False
        if segment in self._abandoned or self._stalled.get(segment) != size:
            return True
        return self._is_abandoned(segment)

    def _anything_new(self) -> bool:
        return any(self._may_hold(name, size) for name, size in self._pending())

    def _is_abandoned(self, segment: str) -> bool:
        with suppress(OSError), SegmentFile(self._filesystem, self.folder / (segment + SUFFIX)) as file:
            return file.abandoned()
        return False

    def _records(self, segment: str, length: int) -> Iterator[tuple[int, StoredRecord]]:
        """What one file has to give, the cursor kept in step; damage is noted on the way."""
        path = self.folder / (segment + SUFFIX)
        try:
            with SegmentFile(self._filesystem, path) as file:
                if segment not in self._abandoned and file.abandoned():
                    self._abandoned.add(segment)
                final = segment in self._abandoned
                length = self._filesystem.size(path) if final else length
                marker = find_marker(file.read, length)
                if marker.damaged and segment not in self._cursor and (final or length >= HEADER_BYTES):
                    self._note(segment, file, Bad(0, min(length, HEADER_BYTES), 0, 0, "torn" if length < HEADER_BYTES else "damaged"))
                at = self._position(segment)
                for found in scan(file.read, length, start=at.offset, number=at.number, marker=marker.value, final=final):
                    stored = self._note(segment, file, found)
                    if stored is not None:
                        yield found.end - found.start, stored
        except FileNotFoundError:
            return
        except UnknownVersion as unknown:
            _log.error("spool: %s is left alone: %s", segment, unknown)
            self._finished[segment] = 1 << 62
            return
        except OSError as failed:
            _log.error("spool: %s cannot be read now: %s", segment, failed)
            self._failed[segment] = self._clock.monotonic() + self.limits.poll_seconds
            return
        self._failed.pop(segment, None)
        self._stalled[segment] = length
        if final:
            self._finished[segment] = length

    def _position(self, segment: str) -> Position:
        return self._cursor.get(segment) or Position(HEADER_BYTES, 0)

    def _note(self, segment: str, file: SegmentFile, found: Whole | Bad) -> StoredRecord | None:
        """Move the cursor past what was found."""
        if isinstance(found, Whole):
            after = Position(found.end, found.number + 1)
            record = decode_record(found.payload)
            if record is not None:
                stored = StoredRecord(id=record_id(segment, found.number), record=record)
                self._step(_Step(stored.id, segment, after, _NOTHING))
                return stored
            counts = Counters(damaged_regions=1, damaged_records=1, damaged_bytes=found.end - found.start, undecodable_records=1)
        else:
            after = Position(max(found.end, HEADER_BYTES), found.number)
            counts = Counters(
                damaged_regions=1,
                damaged_records=found.records,
                damaged_bytes=found.end - found.start,
                torn_tails=int(found.kind == "torn"),
            )
        kept = self._set_aside(segment, file, found.start, found.end)
        self._step(_Step(None, segment, after, counts if kept else counts.plus(Counters(quarantine_failures=1))))
        return None

    def _step(self, step: _Step) -> None:
        self._steps.append(step)
        self._cursor[step.segment] = step.after

    def _set_aside(self, segment: str, file: SegmentFile, start: int, end: int) -> bool:
        """Copy bad bytes to the quarantine."""
        _log.warning("spool: %s: %d bytes at %d are no whole record", segment, end - start, start)
        if start == end:
            return True
        if end - start > self.limits.quarantine_bytes:
            return False
        return self._quarantine.keep(bad_name(segment, start), file.read(start, end - start))

    # ------------------------------------------------------------------ checkpoint and retirement

    def _load(self) -> None:
        loaded = load_checkpoint(self._filesystem, self.folder)
        if loaded.damaged:
            self._set_checkpoint_aside()
        checkpoint = loaded.checkpoint
        present = {name for name, _ in pending_segments(self._filesystem, self.folder)}
        self._durable = {name: position for name, position in checkpoint.positions.items() if name in present}
        self._cursor = dict(self._durable)
        self._counters = checkpoint.counters.plus(Counters(damaged_checkpoints=int(loaded.damaged)))
        self._changed = loaded.damaged
        newest = max((found.service_seconds for found in self._retired.list()), default=0)
        idle = min(max(self._clock.wall() - checkpoint.wall, 0), _DAY) if checkpoint.wall else 0
        with suppress(OSError):
            self._keep_reserve()
        self._service = max(checkpoint.service + idle, newest * 10**9)

    def _set_checkpoint_aside(self) -> None:
        _log.error("spool: the checkpoint is damaged: everything pending is delivered again")
        with suppress(OSError):
            content = read_whole(self._filesystem, self.folder / CHECKPOINT, 1 << 20)
            self._quarantine.keep(f"{CHECKPOINT}-{self._clock.wall()}.bad", content)

    def _through(self, through: str | None) -> list[_Step]:
        if through is None:
            return list(self._steps)
        steps: list[_Step] = []
        for step in self._steps:
            steps.append(step)
            if step.id == through:
                return steps
        raise KeyError(through)

    def _store(self, positions: dict[str, Position], counts: Counters) -> None:
        while True:
            counters = self._counters.plus(counts)
            checkpoint = Checkpoint(positions=positions, service=self._served(), wall=self._clock.wall(), counters=counters)
            try:
                store_checkpoint(self._filesystem, self.folder, checkpoint)
                return
            except OSError as failed:
                if not no_room(failed) or not self._make_room():
                    raise CheckpointFailed(str(failed)) from failed

    def _make_room(self) -> bool:
        """A full disk must not keep the drain from emptying it: first the reserve goes, then the oldest retired segment."""
        try:
            self._filesystem.unlink(self.folder / RESERVE)
            return True
        except OSError:
            pass
        with suppress(OSError):
            if self._retired.evict_oldest():
                self._counters = self._counters.plus(Counters(evicted_segments=1))
                return True
        return False

    def _retire(self) -> None:
        """Move the files that are drained, past the durable checkpoint, out of the folder; then forget their positions."""
        start = Position(HEADER_BYTES, 0)
        done = [name for name, end in self._finished.items() if self._durable.get(name, start).offset >= end]
        if not done:
            return
        try:
            for name in done:
                self._retired.add(name, self._served() // 10**9, empty=self._finished[name] <= HEADER_BYTES)
            self._retired.sync()
        except OSError as failed:
            _log.warning("spool: drained segments could not be retired now: %s", failed)
            return
        kept = sum(self._finished[name] > HEADER_BYTES for name in done)
        for name in done:
            self._durable.pop(name, None)
            self._cursor.pop(name, None)
            self._finished.pop(name, None)
            self._stalled.pop(name, None)
            self._failed.pop(name, None)
            self._abandoned.discard(name)
        self._counters = self._counters.plus(Counters(retired_segments=kept))
        self._changed = True

    def _served(self) -> int:
        return self._service + int((self._clock.monotonic() - self._service_from) * 10**9)

    # ------------------------------------------------------------------ tidying

    def _expire(self) -> None:
        gone = self._retired.expire(self._served() // 10**9)
        if gone.by_age_or_size or gone.by_pressure:
            more = Counters(expired_segments=gone.by_age_or_size, evicted_segments=gone.by_pressure)
            self._counters = self._counters.plus(more)
            self._changed = True

    def _sweep(self) -> None:
        """Unlink segment files that were never finished, when they had no owner at two looks in a row: a living producer
        locks a new one at once."""
        litter = {name for name, _ in self._filesystem.list(self.folder) if name.endswith(SUFFIX + TEMPORARY) and self._unowned(name)}
        for name in litter & self._suspects:
            with suppress(OSError):
                self._filesystem.unlink(self.folder / name)
        self._suspects = litter

    def _unowned(self, name: str) -> bool:
        with suppress(OSError), SegmentFile(self._filesystem, self.folder / name) as file:
            return file.abandoned()
        return False

    def _keep_reserve(self) -> None:
        held = dict(self._filesystem.list(self.folder)).get(RESERVE, 0)
        if held < self.limits.reserve_bytes and self._filesystem.free(self.folder) > 4 * self.limits.reserve_bytes:
            write_durably(self._filesystem, self.folder / RESERVE, bytes(self.limits.reserve_bytes))


def _sum_of(steps: Sequence[_Step]) -> Counters:
    """One plain count for the records, so that committing many costs little."""
    total = Counters(drained_records=sum(step.id is not None for step in steps))
    for step in steps:
        if step.id is None:
            total = total.plus(step.counts)
    return total


def _producer(segment: str) -> str:
    return segment.rpartition("-")[0]
