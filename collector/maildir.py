"""A Maildir as a box of mails: what another program delivers into ``new/`` is taken, then moved to ``cur/`` or removed.

Only ``new/`` is looked at: what stands there is whole, as a delivery is renamed into it (maildir(5)), and what stands in
``cur/`` was seen by somebody. The name says nothing about a mail but that it is this one.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from collector.errors import BoxError, MailLeft
from collector.in_flight import InFlight
from collector.maildir_settings import MaildirSettings
from collector.pickup.box import BoxedMail
from collector.pickup.intake import PickupIntake
from collector.pickup.settings import PickupSettings
from collector.sink import RecordSink
from ingest.spool.clock import SYSTEM_CLOCK, Clock
from ingest.spool.record import SpoolRecord

BATCH = 1000
SEEN = ":2,S"
"""Info of a mail in ``cur/``: version 2, flag S (maildir(5))."""


def maildir_intake(
    settings: MaildirSettings, sink: RecordSink, clock: Clock = SYSTEM_CLOCK, *, in_flight: InFlight | None = None
) -> PickupIntake:
    """An intake that empties one Maildir. Raises SettingsError."""
    settings.check()
    limits = PickupSettings(size_limit=settings.size_limit, retry_first=settings.poll_seconds, retry_most=30.0)
    return PickupIntake("maildir", lambda: MaildirBox.open(settings, clock), limits, sink, in_flight)


class MaildirBox:
    """``new/`` of one Maildir; see :class:`collector.pickup.box.Box`."""

    tls_version: str | None = None

    def __init__(self, folder: Path, settings: MaildirSettings, clock: Clock) -> None:
        """Use :meth:`open`."""
        self._new = folder / "new"
        self._cur = folder / "cur"
        self._settings = settings
        self._clock = clock

    @classmethod
    def open(cls, settings: MaildirSettings, clock: Clock) -> MaildirBox:
        """Raises BoxError when the folder is no Maildir that we can change."""
        folder = (settings.folder or Path()).expanduser()
        box = cls(folder, settings, clock)
        for part in (box._new, box._cur):
            if not part.is_dir():
                raise BoxError("not_a_maildir", f"{folder} has no folder {part.name}/")
            if not os.access(part, os.R_OK | os.W_OK | os.X_OK):
                raise BoxError("folder_read_only", f"{part} cannot be written to")
        return box

    @property
    def waits_by(self) -> str:
        """Looking."""
        return f"looks every {self._settings.poll_seconds:g} s"

    def batches(self) -> Iterator[Sequence[BoxedMail]]:
        """In no order; what comes meanwhile may or may not be among them."""
        try:
            with os.scandir(self._new) as entries:
                while batch := list(islice(entries, BATCH)):
                    yield [mail for entry in batch if (mail := _boxed(entry)) is not None]
        except OSError as error:
            raise BoxError("not_readable", f"{self._new}: {error.strerror}") from error

    def read(self, mail: BoxedMail, limit: int) -> SpoolRecord | None:
        """The file's bytes; a link is not followed."""
        path = self._new / _name(mail)
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                body = file.read(limit + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MailLeft("not_readable") from error
        if not body:
            raise MailLeft("empty")
        if len(body) > limit:
            raise MailLeft("message_too_large")
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return SpoolRecord(way="maildir", content="mail", arrived_at=self._clock.wall(), body=body, file_path=shown)

    def put_away(self, mail: BoxedMail) -> None:
        """Rename within the Maildir, or unlink. A mail that is gone was put away by somebody else."""
        name = _name(mail)
        try:
            if self._settings.after == "remove":
                (self._new / name).unlink(missing_ok=True)
            else:
                (self._new / name).rename(self._free_name(name.partition(":")[0]))
        except FileNotFoundError:
            return
        except OSError as error:
            raise BoxError("move_refused", f"{self._new / name}: {error.strerror}") from error

    def wait(self, stop: threading.Event) -> None:
        """Until the next look."""
        stop.wait(self._settings.poll_seconds)

    def close(self) -> None:
        """Nothing is held open."""

    def abandon(self) -> None:
        """No call blocks."""

    def _free_name(self, unique: str) -> Path:
        """Names are unique by convention only: another mail must never be overwritten."""
        path = self._cur / f"{unique}{SEEN}"
        number = 1
        while path.exists():
            path = self._cur / f"{unique}_{number}{SEEN}"
            number += 1
        return path


def _boxed(entry: os.DirEntry[str]) -> BoxedMail | None:
    """A file of ``new/``, None for what is hidden, gone or no file. Its key changes when the file does."""
    if entry.name.startswith("."):
        return None
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return BoxedMail((entry.name, status.st_ino, status.st_ctime_ns), status.st_size) if stat.S_ISREG(status.st_mode) else None


def _name(mail: BoxedMail) -> str:
    assert isinstance(mail.key, tuple)
    return str(mail.key[0])
