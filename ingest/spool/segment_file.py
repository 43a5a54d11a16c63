"""A segment file open for reading: whether its producer lives, and its bytes, unreadable sectors as zeros."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ingest.spool.filesystem import Filesystem

_SECTOR: Final = 4096


class SegmentFile:
    """``with SegmentFile(filesystem, path) as file: …``; FileNotFoundError and other OSErrors on entering."""

    def __init__(self, filesystem: Filesystem, path: Path) -> None:
        self._filesystem = filesystem
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = self._filesystem.open(self._path)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._filesystem.close(self._descriptor)

    def abandoned(self) -> bool:
        """Whether no producer writes it any more: its lock is free. Ask before asking for its size."""
        if not self._filesystem.lock(self._descriptor):
            return False
        self._filesystem.unlock(self._descriptor)
        return True

    def read(self, offset: int, size: int) -> bytes:
        """Fewer bytes only at the end. What the disk cannot read comes as zeros, which no checksum passes."""
        try:
            return self._filesystem.read(self._descriptor, size, offset)
        except OSError as failed:
            if failed.errno != errno.EIO:
                raise
        end = min(offset + size, self._filesystem.size(self._path))
        return b"".join(self._sector(at, min(_SECTOR - at % _SECTOR, end - at)) for at in _sectors(offset, end))

    def _sector(self, offset: int, size: int) -> bytes:
        try:
            return self._filesystem.read(self._descriptor, size, offset).ljust(size, b"\0")
        except OSError:
            return bytes(size)


def _sectors(offset: int, end: int) -> list[int]:
    first_aligned = (offset // _SECTOR + 1) * _SECTOR
    return [offset, *range(first_aligned, end, _SECTOR)] if offset < end else []
