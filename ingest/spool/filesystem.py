"""The seam to the disk: every call the spool makes, so that tests can count, fail, tear and forget them."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol


class Filesystem(Protocol):
    """Each call raises OSError when it fails. Descriptors are close-on-exec."""

    def make_folder(self, folder: Path) -> None:
        """With its parents; no error if it is there."""
        ...

    def create(self, path: Path) -> int:
        """A new file, open for reading and writing; FileExistsError if the name is taken."""
        ...

    def open(self, path: Path) -> int:
        """An existing file, open for reading."""
        ...

    def close(self, descriptor: int) -> None: ...

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Append; the number of bytes taken, which may be fewer than given."""
        ...

    def read(self, descriptor: int, size: int, offset: int) -> bytes: ...

    def fdatasync(self, descriptor: int) -> None:
        """Returns when contents and size are durable. After a failure the file's unsynced bytes may be gone: never repeat it."""
        ...

    def truncate(self, descriptor: int, size: int) -> None: ...

    def rename(self, source: Path, target: Path) -> None:
        """Atomic; replaces the target."""
        ...

    def unlink(self, path: Path) -> None: ...

    def list(self, folder: Path) -> list[tuple[str, int]]:
        """(name, size in bytes) of each regular file, in no order; a missing folder is empty."""
        ...

    def size(self, path: Path) -> int: ...

    def sync_folder(self, folder: Path) -> None:
        """Returns when the folder's names are durable."""
        ...

    def free(self, folder: Path) -> int:
        """Bytes an ordinary user may still write."""
        ...

    def lock(self, descriptor: int) -> bool:
        """Take the file's exclusive lock without waiting; False if another open descriptor holds it."""
        ...

    def unlock(self, descriptor: int) -> None: ...


class RealFilesystem:
    """The operating system's."""

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def open(self, path: Path) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return os.write(descriptor, data)

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def fdatasync(self, descriptor: int) -> None:
        os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def list(self, folder: Path) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        if entry.is_file(follow_symlinks=False):
                            found.append((entry.name, entry.stat(follow_symlinks=False).st_size))
                    except FileNotFoundError:  # renamed or unlinked since it was listed
                        continue
        except FileNotFoundError:
            return []
        return found

    def size(self, path: Path) -> int:
        return path.stat().st_size

    def sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def free(self, folder: Path) -> int:
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize

    def lock(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self, descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


REAL_FILESYSTEM = RealFilesystem()
