"""The folder of dead letters: add, list (``letters``), get, remove, retry; bounded, and never silent about what the bound cost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ingest.dead_letters.errors import DamagedLetter, DeadLettersUnavailable, UnknownLetter
from ingest.dead_letters.letter import HEADER_BYTES, START_BYTES, Letter, LetterSummary, decode_header, decode_letter, encode_letter
from ingest.dead_letters.limits import DeadLetterLimits
from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.errors import no_room
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem
from ingest.spool.record import SpoolRecord

SUFFIX: Final = ".letter"
EVICTIONS: Final = "evictions"
_GLANCE: Final = 16_384
"""Enough for nearly every header."""


class Evictions(msgspec.Struct, frozen=True):
    """Letters that went because of the bound, since the folder was made."""

    letters: int = 0
    """How many are kept."""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetterStatus:
    letters: int
    bytes: int
    damaged: int
    by_reason: Mapping[str, int]
    evicted: Evictions
    full: float
    """``bytes`` as a share of the bound; at 1 the next letter evicts the oldest."""


class DeadLetters:
    """Thread-safe. Several processes may read one folder; they see each other's letters."""

    def __init__(self, folder: Path, *, limits: DeadLetterLimits | None = None, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        """Makes the folder; OSError if it cannot. Headers are read on first need."""
        self.folder = folder
        self.limits = limits or DeadLetterLimits()
        self._filesystem = filesystem
        self._mutex = threading.Lock()
        self._known: dict[str, LetterSummary] = {}
        filesystem.make_folder(folder)
        self._evicted = self._load_evictions()

    def add(self, letter: Letter) -> str:
        """Its id, when it is durable. Adding it again changes nothing; the same item with another reason replaces it.

        Over the bound the oldest go first, and are counted. Raises DeadLettersUnavailable: it was not kept, try again.
        """
        content = encode_letter(letter)
        with self._mutex:
            try:
                if not self._holds(letter):
                    self._make_room(letter.id, len(content))
                    write_durably(self._filesystem, self._path(letter.id), content)
                    self._known[letter.id] = _summary(letter.id, len(content), content)
            except OSError as failed:
                raise DeadLettersUnavailable(str(failed)) from failed
        return letter.id

    def letters(self, *, reason: str | None = None, limit: int = 1_000, offset: int = 0) -> list[LetterSummary]:
        """Newest first; damaged ones, which have no time, last."""
        with self._mutex:
            self._refresh()
            found = [summary for summary in self._known.values() if reason is None or summary.reason == reason]
        found.sort(key=_age, reverse=True)
        return found[offset : offset + limit]

    def get(self, letter_id: str) -> Letter:
        """Raises UnknownLetter, DamagedLetter (see :meth:`raw_file`), DeadLettersUnavailable."""
        return decode_letter(self.raw_file(letter_id))

    def raw_file(self, letter_id: str) -> bytes:
        """The letter's file as it lies there, for one that is damaged. Raises UnknownLetter, DeadLettersUnavailable."""
        try:
            return read_whole(self._filesystem, self._path(letter_id), 1 << 40)
        except FileNotFoundError as missing:
            raise UnknownLetter(letter_id) from missing
        except OSError as failed:
            raise DeadLettersUnavailable(str(failed)) from failed

    def remove(self, letter_id: str) -> None:
        """Durable on return; a letter that is not there is no error. Raises DeadLettersUnavailable."""
        with self._mutex:
            try:
                with suppress(FileNotFoundError):
                    self._filesystem.unlink(self._path(letter_id))
                self._filesystem.sync_folder(self.folder)
            except OSError as failed:
                raise DeadLettersUnavailable(str(failed)) from failed
            self._known.pop(letter_id, None)

    def as_record(self, letter: Letter) -> SpoolRecord:
        """For a retry: append it to the spool, then :meth:`remove` the letter. In that order a crash costs a repeat, not a loss."""
        return letter.record

    def retry(self, letter_id: str, append: Callable[[SpoolRecord], object]) -> None:
        """Put the letter's record back into the spool, whose ``append`` returns when it is durable, then remove the letter.
        Raises UnknownLetter, DamagedLetter, DeadLettersUnavailable, and what ``append`` raises: then the letter stays."""
        append(self.as_record(self.get(letter_id)))
        self.remove(letter_id)

    def status(self) -> DeadLetterStatus:
        """Counts; costs a directory listing."""
        with self._mutex:
            self._refresh()
            held = list(self._known.values())
            evicted = self._evicted
        size = sum(summary.size for summary in held)
        return DeadLetterStatus(
            letters=len(held),
            bytes=size,
            damaged=sum(summary.damaged for summary in held),
            by_reason=dict(Counter(summary.reason for summary in held)),
            evicted=evicted,
            full=size / self.limits.total_bytes,
        )

    # ------------------------------------------------------------------ under the mutex

    def _path(self, letter_id: str) -> Path:
        name = letter_id + SUFFIX
        if Path(name).name != name or "\0" in name:  # an id comes from a command line or a page
            raise UnknownLetter(letter_id)
        return self.folder / name

    def _holds(self, letter: Letter) -> bool:
        """Whether this very letter is there, whole, whenever it was given up."""
        try:
            held = decode_letter(read_whole(self._filesystem, self._path(letter.id), 1 << 40))
        except (FileNotFoundError, DamagedLetter):
            return False
        again = msgspec.structs.replace(letter, time=held.time)
        return encode_letter(held) == encode_letter(again)

    def _refresh(self) -> None:
        """Know every letter in the folder, and none that is gone."""
        try:
            found = self._filesystem.list(self.folder)
        except OSError as failed:
            raise DeadLettersUnavailable(str(failed)) from failed
        there = {name.removesuffix(SUFFIX): size for name, size in found if name.endswith(SUFFIX)}
        fresh = {name: size for name, size in there.items() if name not in self._known or self._known[name].size != size}
        self._known = {name: summary for name, summary in self._known.items() if name in there and name not in fresh}
        for name, size in fresh.items():
            with suppress(FileNotFoundError):
                self._known[name] = self._look(name, size)

    def _look(self, letter_id: str, size: int) -> LetterSummary:
        try:
            summary = _summary(letter_id, size, read_whole(self._filesystem, self._path(letter_id), _GLANCE))
            if summary.damaged and size > _GLANCE:  # or its header is just long
                return _summary(letter_id, size, read_whole(self._filesystem, self._path(letter_id), START_BYTES + HEADER_BYTES))
            return summary
        except FileNotFoundError:
            raise
        except OSError as failed:
            return LetterSummary(id=letter_id, size=size, damaged=True, detail=str(failed))

    def _make_room(self, letter_id: str, size: int) -> None:
        """Evict the oldest until ``size`` more bytes fit. A letter larger than the whole bound is kept, alone."""
        self._refresh()
        held = {name: summary for name, summary in self._known.items() if name != letter_id}
        total = sum(summary.size for summary in held.values())
        going: list[LetterSummary] = []
        for summary in sorted(held.values(), key=_age):
            if total + size <= self.limits.total_bytes and len(held) - len(going) < self.limits.letters:
                break
            going.append(summary)
            total -= summary.size
        if going:
            self._evict(going)

    def _evict(self, going: list[LetterSummary]) -> None:
        """Count first, then unlink: a crash between counts some twice, the other way round it would hide them."""
        self._evicted = Evictions(self._evicted.letters + len(going), self._evicted.bytes + sum(summary.size for summary in going))
        stored = self._store_evictions(give_up=False)
        for summary in going:
            with suppress(FileNotFoundError):
                self._filesystem.unlink(self._path(summary.id))
            self._known.pop(summary.id, None)
        if not stored:
            self._store_evictions(give_up=True)

    def _store_evictions(self, *, give_up: bool) -> bool:
        """False when the disk is too full for it, and unlinking may help."""
        try:
            write_durably(self._filesystem, self.folder / EVICTIONS, msgspec.json.encode(self._evicted))
        except OSError as failed:
            if give_up or not no_room(failed):
                raise
            return False
        return True

    def _load_evictions(self) -> Evictions:
        try:
            return msgspec.json.decode(read_whole(self._filesystem, self.folder / EVICTIONS, 4_096), type=Evictions)
        except (OSError, msgspec.DecodeError):
            return Evictions()


def _age(summary: LetterSummary) -> tuple[int, str]:
    return (summary.time, summary.id)


def _summary(letter_id: str, size: int, data: bytes) -> LetterSummary:
    try:
        header = decode_header(data)
    except DamagedLetter as damaged:
        return LetterSummary(id=letter_id, size=size, damaged=True, detail=str(damaged))
    return LetterSummary(
        id=letter_id,
        size=size,
        reason=header.reason,
        detail=header.detail,
        record_id=header.record_id,
        item=header.item,
        item_name=header.item_name,
        time=header.time,
        arrived_at=header.record.arrived_at,
        way=header.record.way,
        peer_address=header.record.peer_address,
    )
