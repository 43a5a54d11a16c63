"""Drained segment files, kept for a time so that a store can be rebuilt from them.

Their age is counted in the spool's own service time, written into their names: a jump of the wall clock neither
expires nor keeps them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.spool.depth import RETIRED
from ingest.spool.filesystem import Filesystem
from ingest.spool.limits import SpoolLimits
from ingest.spool.segment import SUFFIX


@dataclass(frozen=True, slots=True)
class RetiredSegment:
    segment: str
    file_name: str
    service_seconds: int
    size: int


@dataclass(frozen=True, slots=True)
class Expired:
    """How many were unlinked, by reason."""

    by_age_or_size: int = 0
    by_pressure: int = 0


class RetiredSegments:
    def __init__(self, folder: Path, *, limits: SpoolLimits, filesystem: Filesystem) -> None:
        self._spool = folder
        self._folder = folder / RETIRED
        self._limits = limits
        self._filesystem = filesystem
        filesystem.make_folder(self._folder)

    def list(self) -> list[RetiredSegment]:
        """Longest retired first."""
        return sorted(retired_segments(self._filesystem, self._spool), key=lambda found: (found.service_seconds, found.segment))

    def add(self, segment: str, service_seconds: int, *, empty: bool) -> None:
        """Move a drained segment file here, or unlink one that never held a record; call :meth:`sync` before forgetting its
        position. A missing file is no error."""
        with suppress(FileNotFoundError):
            if empty:
                self._filesystem.unlink(self._spool / (segment + SUFFIX))
                return
            self._filesystem.rename(self._spool / (segment + SUFFIX), self._folder / f"{segment}.{service_seconds:012d}{SUFFIX}")

    def sync(self) -> None:
        self._filesystem.sync_folder(self._folder)
        self._filesystem.sync_folder(self._spool)

    def expire(self, service_seconds: int) -> Expired:
        """Unlink those over the retention time or size, and, while the disk is short, the oldest: taking mail goes first."""
        held = self.list()
        total = sum(found.size for found in held)
        expired = evicted = 0
        for found in held:
            over = total > self._limits.retired_bytes or service_seconds - found.service_seconds > self._limits.retired_seconds
            short = not over and self._filesystem.free(self._spool) < 2 * self._limits.min_free_bytes
            if not (over or short):
                break
            self._filesystem.unlink(self._folder / found.file_name)
            total -= found.size
            expired += over
            evicted += short
        return Expired(expired, evicted)

    def evict_oldest(self) -> bool:
        """Give one up to make room at once; False when there is none."""
        held = self.list()
        if held:
            self._filesystem.unlink(self._folder / held[0].file_name)
        return bool(held)


def retired_segments(filesystem: Filesystem, spool: Path) -> list[RetiredSegment]:
    """In no order; files that are not ours are passed over."""
    found: list[RetiredSegment] = []
    for name, size in filesystem.list(spool / RETIRED):
        segment, _, stamp = name.removesuffix(SUFFIX).partition(".")
        if name.endswith(SUFFIX) and stamp.isdecimal():
            found.append(RetiredSegment(segment, name, int(stamp), size))
    return found
