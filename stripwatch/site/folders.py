"""What lies where in the data folder."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 100
"""Linux takes 107 bytes; a little is kept for what is appended."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Paths under the data folder."""

    root: Path

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def dead_letters(self) -> Path:
        return self.root / "dead-letters"

    @property
    def duckdb(self) -> Path:
        return self.root / "store.duckdb"

    @property
    def undecided(self) -> Path:
        """Records to be judged again."""
        return self.root / "undecided.jsonl"

    @property
    def choices(self) -> Path:
        """Which of conflicting reports somebody chose."""
        return self.root / "report_choices.jsonl"

    @property
    def told(self) -> Path:
        """Of which incidents whom was told."""
        return self.root / "alerts_told.jsonl"

    @property
    def known_keys(self) -> Path:
        """DKIM keys that verified mails."""
        return self.root / "dkim-keys.jsonl"

    @property
    def certificates(self) -> Path:
        return self.root / "certificate"

    @property
    def control(self) -> Path:
        """The unix socket by which other commands ask the running service; elsewhere when the path would be too long."""
        path = self.root / "control.sock"
        if len(str(path).encode()) <= LONGEST_SOCKET_PATH:
            return path
        name = hashlib.blake2b(str(self.root.absolute()).encode(), digest_size=8).hexdigest()
        return Path(tempfile.gettempdir()) / f"stripwatch-{name}.sock"
