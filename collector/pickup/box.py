"""What a box of mails is to whoever empties it. All calls block and come from one thread, but for ``abandon``."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.spool.record import SpoolRecord


@dataclass(frozen=True, slots=True)
class BoxedMail:
    """One mail that waits in a box."""

    key: Hashable
    """Names this mail and, for as long as the box exists, no other one."""
    size: int
    """Bytes, as the box tells them; reading shows whether that is true."""


class Box(Protocol):
    """An IMAP folder or a Maildir. Every call raises BoxError when the box cannot be used."""

    @property
    def tls_version(self) -> str | None:
        """As the TLS library names it; None in clear, and for files."""
        ...

    @property
    def waits_by(self) -> str:
        """How new mail is noticed, for the health page."""
        ...

    def batches(self) -> Iterator[Sequence[BoxedMail]]:
        """What waits now, looked up in portions, so that a box of any size needs little memory."""
        ...

    def read(self, mail: BoxedMail, limit: int) -> SpoolRecord | None:
        """The mail's bytes, at most ``limit``, unchanged in the box. None when it is gone; raises MailLeft."""
        ...

    def put_away(self, mail: BoxedMail) -> None:
        """Move or mark a mail that is durable, so that ``batches`` shows it no more. Harmless when it is gone."""
        ...

    def wait(self, stop: threading.Event) -> None:
        """Return when there may be new mail, after a bounded time, or soon after ``stop`` is set."""
        ...

    def close(self) -> None:
        """Take leave; never raises."""
        ...

    def abandon(self) -> None:
        """From another thread: let a call that blocks fail now."""
        ...
