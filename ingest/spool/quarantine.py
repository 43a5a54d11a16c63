"""Bytes that were no whole record, kept for whoever wants to look: bounded, and never a reason to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ingest.spool.depth import QUARANTINE
from ingest.spool.durable_file import TEMPORARY, write_durably
from ingest.spool.filesystem import Filesystem

_PIECE: Final = 8 << 20


class Quarantine:
    """Files named after where the bytes stood, so that finding them again writes nothing."""

    def __init__(self, folder: Path, *, limit: int, filesystem: Filesystem) -> None:
        self._folder = folder / QUARANTINE
        self._limit = limit
        self._filesystem = filesystem
        filesystem.make_folder(self._folder)
        self._held = {name: size for name, size in filesystem.list(self._folder) if not name.endswith(TEMPORARY)}

    def keep(self, name: str, content: bytes) -> bool:
        """Durable when True. False when the folder is full or cannot be written: the bytes are then only counted."""
        if name in self._held:
            return True
        if sum(self._held.values()) + len(content) > self._limit:
            return False
        try:
            write_durably(self._filesystem, self._folder / name, content)
        except OSError:
            return False
        self._held[name] = len(content)
        return True


def bad_name(segment: str, offset: int) -> str:
    return f"{segment}-{offset:010d}.bad"
