"""How much waits in a spool's folder: read from the disk, so any process may ask, and cheap enough for /metrics."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from ingest.spool.checkpoint import Checkpoint, Counters, Position, load_checkpoint
from ingest.spool.errors import refusal
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem
from ingest.spool.limits import SpoolLimits
from ingest.spool.segment import FRAME_BYTES, HEADER_BYTES, SUFFIX, UnknownVersion, decode_frame, find_marker, last_number
from ingest.spool.segment_file import SegmentFile

RETIRED = "retired"
QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Depth:
    """All producers together."""

    records: int
    """Not drained yet, counted from the numbers in the files: damaged ones among them."""
    bytes: int
    segments: int
    oldest_arrived_at: int | None
    """``arrived_at`` of the oldest first record of a file that waits, nanoseconds since the epoch; None if nothing waits."""
    full: float
    """``bytes`` as a share of ``pending_bytes``; appends are refused from ``refuse_at``."""
    retired_segments: int
    retired_bytes: int
    quarantine_files: int
    quarantine_bytes: int
    counters: Counters


@dataclass(frozen=True, slots=True)
class _Known:
    """What a look into one segment file told, good for as long as its size and position are the same."""

    size: int
    position: Position
    records: int
    oldest: int | None


class DepthMeter:
    """Remembers what it saw of each file, so that asking again costs a directory listing. Thread-safe."""

    def __init__(self, folder: Path, *, limits: SpoolLimits | None = None, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        self._folder = folder
        self._limits = limits or SpoolLimits()
        self._filesystem = filesystem
        self._known: dict[str, _Known] = {}
        self._mutex = threading.Lock()

    def pending_bytes(self) -> int:
        """Bytes after each file's checkpoint."""
        checkpoint = load_checkpoint(self._filesystem, self._folder).checkpoint
        return sum(max(0, size - start_of(checkpoint, name).offset) for name, size in pending_segments(self._filesystem, self._folder))

    def read(self) -> Depth:
        """Raises SpoolUnavailable if the folder cannot be listed; files that go meanwhile are passed over."""
        try:
            return self._read()
        except OSError as failed:
            raise refusal(failed) from failed

    def _read(self) -> Depth:
        with self._mutex:
            checkpoint = load_checkpoint(self._filesystem, self._folder).checkpoint
            waiting = [
                (name, size) for name, size in pending_segments(self._filesystem, self._folder) if size > start_of(checkpoint, name).offset
            ]
            self._known = {name: self._look(name, size, start_of(checkpoint, name)) for name, size in waiting}
            known = self._known.values()
            size = sum(found.size - found.position.offset for found in known)
            retired = self._sizes(RETIRED)
            quarantined = self._sizes(QUARANTINE)
            return Depth(
                records=sum(found.records for found in known),
                bytes=size,
                segments=len(waiting),
                oldest_arrived_at=min((found.oldest for found in known if found.oldest is not None), default=None),
                full=size / self._limits.pending_bytes,
                retired_segments=len(retired),
                retired_bytes=sum(retired),
                quarantine_files=len(quarantined),
                quarantine_bytes=sum(quarantined),
                counters=checkpoint.counters,
            )

    def _sizes(self, subfolder: str) -> list[int]:
        return [size for _, size in self._filesystem.list(self._folder / subfolder)]

    def _look(self, name: str, size: int, position: Position) -> _Known:
        known = self._known.get(name)
        if known is not None and (known.size, known.position) == (size, position):
            return known
        records, oldest = 0, None
        try:
            with SegmentFile(self._filesystem, self._folder / (name + SUFFIX)) as file:
                marker = find_marker(file.read, size).value
                if marker is not None:
                    last = last_number(file.read, size, position.offset, marker)
                    records = 0 if last is None else max(0, last + 1 - position.number)
                    first = decode_frame(file.read(position.offset, FRAME_BYTES), marker)
                    oldest = first.arrived_at if first else None
        except (OSError, UnknownVersion):  # retired meanwhile, unreadable, or a later version's
            pass
        return _Known(size, position, records, oldest)


def start_of(checkpoint: Checkpoint, segment: str) -> Position:
    """Where draining a segment goes on."""
    return checkpoint.positions.get(segment) or Position(HEADER_BYTES, 0)


def pending_segments(filesystem: Filesystem, folder: Path) -> list[tuple[str, int]]:
    """(segment name, size) of those not retired, sorted: each producer's in its order."""
    found = filesystem.list(folder)
    return sorted((name.removesuffix(SUFFIX), size) for name, size in found if name.endswith(SUFFIX))
