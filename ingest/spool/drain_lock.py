"""One drain at a time: a ``flock`` on a file, which the operating system lets go when its holder dies."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ingest.spool.errors import DrainLocked, refusal
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem

NAME: Final = "drain.lock"


class DrainLock:
    """``with DrainLock(folder): …``, or ``acquire`` and ``release``. Raises DrainLocked when another holds it, SpoolError."""

    def __init__(self, folder: Path, *, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        self._path = folder / NAME
        self._filesystem = filesystem
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        if self._descriptor is not None:
            return
        try:
            self._filesystem.make_folder(self._path.parent)
            descriptor = self._open()
        except OSError as failed:
            raise refusal(failed) from failed
        if not self._filesystem.lock(descriptor):
            self._filesystem.close(descriptor)
            raise DrainLocked("another process drains this spool")
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the file stays, since unlinking it would let two drains hold two different files."""
        if self._descriptor is not None:
            self._filesystem.unlock(self._descriptor)
            self._filesystem.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        try:
            return self._filesystem.open(self._path)
        except FileNotFoundError:
            try:
                return self._filesystem.create(self._path)
            except FileExistsError:
                return self._filesystem.open(self._path)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
