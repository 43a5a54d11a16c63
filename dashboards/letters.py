"""The dead letters that the ingest keeps, as the pages see them; a retry puts the record back into the spool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from dashboards.sources import DeadLetter
from ingest.dead_letters.errors import DamagedLetter, UnknownLetter
from ingest.dead_letters.folder import DeadLetters as Folder
from ingest.dead_letters.letter import LetterSummary
from ingest.spool.record import SpoolRecord


class KeptLetters:
    """``dashboards.sources.DeadLetters`` over the folder. ``append`` is the spool's: it returns when the record is
    durable. Raises what the two of them raise, but for letters that are not there."""

    def __init__(self, folder: Folder, append: Callable[[SpoolRecord], object]) -> None:
        self._folder = folder
        self._append = append

    def recent(self, limit: int) -> Sequence[DeadLetter]:
        return [_shown(summary) for summary in self._folder.letters(limit=limit)]

    def raw(self, id: str) -> bytes | None:
        """The item's bytes; of a damaged letter, the file as it lies there."""
        try:
            return self._folder.get(id).raw
        except UnknownLetter:
            return None
        except DamagedLetter:
            return self._folder.raw_file(id)

    def retry(self, id: str) -> bool:
        """False for a letter that is not there, or is damaged: such a one stays."""
        try:
            self._folder.retry(id, self._append)
        except (UnknownLetter, DamagedLetter):
            return False
        return True


def _shown(summary: LetterSummary) -> DeadLetter:
    origin = " · ".join(part for part in (summary.peer_address, summary.item_name) if part)
    at = datetime.fromtimestamp(summary.time / 1e9, UTC)
    return DeadLetter(summary.id, at, summary.way or "unknown", summary.reason, summary.detail, origin, summary.size)
