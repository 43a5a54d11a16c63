"""Dead letters as the dashboard and the command line want them: listed, shown, put back into the spool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dashboards.sources import DeadLetter
from ingest.dead_letters.errors import DeadLetterError, UnknownLetter
from ingest.dead_letters.folder import DeadLetters
from ingest.dead_letters.letter import LetterSummary
from ingest.spool.spool import Spool


class Letters:
    """The dead letters and the spool that a retry goes through."""

    def __init__(self, folder: DeadLetters, spool: Spool) -> None:
        self._folder = folder
        self._spool = spool

    def recent(self, limit: int) -> Sequence[DeadLetter]:
        return [_shown(letter) for letter in self._folder.letters(limit=limit)]

    def raw(self, id: str) -> bytes | None:
        try:
            return self._folder.get(id).raw
        except UnknownLetter:
            return None
        except DeadLetterError:
            return self._folder.raw_file(id)

    def retry(self, id: str) -> bool:
        """The whole record goes through the spool again (what was stored of it is known and stays), the letter goes."""
        try:
            letter = self._folder.get(id)
        except UnknownLetter:
            return False
        self._spool.append(letter.record)
        self._folder.remove(id)
        return True


def _shown(letter: LetterSummary) -> DeadLetter:
    return DeadLetter(
        id=letter.id,
        at=datetime.fromtimestamp(letter.time / 1e9, UTC),
        way=letter.way or "",
        reason=letter.reason,
        says=letter.detail,
        origin=letter.item_name or letter.peer_address or "",
        size=letter.size,
    )
