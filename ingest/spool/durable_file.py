"""Small files that are whole or not there: write a temporary, sync it, rename it, sync the folder (beats#6792)."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

from ingest.spool.filesystem import Filesystem

TEMPORARY = ".tmp"


def write_all(filesystem: Filesystem, descriptor: int, data: bytes) -> None:
    """Write every byte. A short write is followed by another, which then tells the true error (disk full comes so)."""
    view = memoryview(data)
    while view:
        taken = filesystem.write(descriptor, view)
        if taken <= 0:
            raise OSError(errno.ENOSPC, "nothing was written")
        view = view[taken:]


def write_durably(filesystem: Filesystem, path: Path, content: bytes) -> None:
    """Make ``path`` hold ``content``, durably; on OSError the old content is still there, or already the new."""
    temporary = path.with_name(path.name + TEMPORARY)
    with suppress(FileNotFoundError):
        filesystem.unlink(temporary)
    descriptor = filesystem.create(temporary)
    try:
        try:
            write_all(filesystem, descriptor, content)
            filesystem.fdatasync(descriptor)
        finally:
            filesystem.close(descriptor)
        filesystem.rename(temporary, path)
    except OSError:
        with suppress(OSError):
            filesystem.unlink(temporary)
        raise
    filesystem.sync_folder(path.parent)


def read_whole(filesystem: Filesystem, path: Path, limit: int) -> bytes:
    """The file's first ``limit`` bytes; FileNotFoundError and other OSErrors as they come."""
    descriptor = filesystem.open(path)
    try:
        pieces: list[bytes] = []
        offset = 0
        while offset < limit and (piece := filesystem.read(descriptor, min(1 << 20, limit - offset), offset)):
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)
    finally:
        filesystem.close(descriptor)
