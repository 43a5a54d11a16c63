"""What may be set of the Maildir that is emptied."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from collector.errors import SettingsError
from collector.pickup.settings import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MaildirSettings:
    """A Maildir that reports are delivered into; on when ``folder`` is set."""

    folder: Path | None = None
    """The Maildir: the folder that holds ``new``, ``cur`` and ``tmp``."""
    after: Literal["cur", "remove"] = "cur"
    """What is done with a mail that is durable here: moved to ``cur/`` as seen, or removed."""
    size_limit: int = 16 * MIB
    """One mail; a larger one is left in ``new/``, and counted."""
    poll_seconds: float = 2.0
    """How often ``new/`` is looked at."""

    def check(self) -> None:
        """Raise SettingsError for what cannot work."""
        if self.poll_seconds <= 0:
            raise SettingsError("poll_seconds: more than 0")
