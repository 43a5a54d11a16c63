"""Errors of the spool.

SpoolError
 ├─ SpoolFull           over the high-water mark or too much waiting: take nothing, ask again later (452, 503)
 │   └─ DiskFull        the disk, quota or file size limit said no
 ├─ SpoolUnavailable    a write or sync failed: nothing was acknowledged (451, 503)
 │   └─ SpoolClosed     shutting down (421, 503)
 ├─ RecordTooLarge      permanent: a repeat cannot succeed (552, 413)
 ├─ CheckpointFailed    records stay deliverable; commit again later
 └─ DrainLocked         another process drains this spool
"""

from __future__ import annotations

import errno
from typing import Self


class SpoolError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word, ``retry_after`` a hint in seconds."""

    reason = "spool_error"
    permanent = False
    retry_after: float = 60.0

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if retry_after is not None:
            self.retry_after = retry_after

    def fresh(self) -> Self:
        """The same error anew: one failed commit is raised in many threads, and tracebacks must not pile up on one object."""
        return type(self)(self.detail, retry_after=self.retry_after)


class SpoolFull(SpoolError):
    reason = "spool_full"
    retry_after = 600.0


class DiskFull(SpoolFull):
    reason = "disk_full"


class SpoolUnavailable(SpoolError):
    reason = "spool_unavailable"


class SpoolClosed(SpoolUnavailable):
    reason = "spool_closed"


class RecordTooLarge(SpoolError):
    reason = "record_too_large"
    permanent = True
    retry_after = 0.0


class CheckpointFailed(SpoolError):
    reason = "checkpoint_failed"


class DrainLocked(SpoolError):
    reason = "drain_locked"


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def no_room(error: OSError) -> bool:
    """Whether the operating system said that there is no room (as opposed to: the disk fails)."""
    return error.errno in _NO_ROOM


def refusal(error: OSError) -> SpoolError:
    """What a failed write, sync or rename means to whoever waits for it."""
    word = errno.errorcode.get(error.errno or 0, "EIO")
    return DiskFull(f"{word}: {error.strerror}") if no_room(error) else SpoolUnavailable(f"{word}: {error.strerror}")
