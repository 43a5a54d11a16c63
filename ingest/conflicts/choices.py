"""What people chose between conflicting reports, kept apart from the store, so that a store that is rebuilt keeps it.

The file is JSON lines, one an identity: ``{"identity", "content", "among", "at", "by"}``, written whole. A line that
cannot be read is kept as it is, never thrown away with the next write.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem

_FILE_BYTES = 64 << 20


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Of the reports of ``identity``, the one with this ``content`` (SHA-256) counts, chosen by ``by`` from ``among``."""

    identity: str
    content: str
    among: tuple[str, ...]
    at: datetime
    by: str


class ChoiceBook:
    """The choices in one file; safe for threads of one process. A missing file is an empty book."""

    def __init__(self, path: Path, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        self.path = path
        self._filesystem = filesystem
        self._lock = threading.Lock()
        self._choices, self._unreadable = _read(filesystem, path)

    @property
    def damaged(self) -> int:
        """Lines that cannot be read."""
        return len(self._unreadable)

    def __iter__(self) -> Iterator[Choice]:
        return iter(list(self._choices.values()))

    def get(self, identity: str) -> Choice | None:
        return self._choices.get(identity)

    def choose(self, identity: str, content: str, among: Iterable[str], at: datetime, by: str) -> Choice:
        """Durable when it returns. Raises OSError with the book as it was."""
        choice = Choice(identity=identity, content=content, among=tuple(sorted(set(among))), at=at, by=by)
        with self._lock:
            choices = {**self._choices, identity: choice}
            lines = [*self._unreadable, *(msgspec.json.encode(choices[key]) for key in sorted(choices))]
            write_durably(self._filesystem, self.path, b"".join(line + b"\n" for line in lines))
            self._choices = choices
        return choice


def _read(filesystem: Filesystem, path: Path) -> tuple[dict[str, Choice], list[bytes]]:
    try:
        lines = read_whole(filesystem, path, _FILE_BYTES).splitlines()
    except FileNotFoundError:
        return {}, []
    decode = msgspec.json.Decoder(Choice).decode
    choices: dict[str, Choice] = {}
    unreadable = []
    for line in filter(None, lines):
        try:
            choice = decode(line)
            choices[choice.identity] = choice
        except (msgspec.DecodeError, ValueError):
            unreadable.append(line)
    return choices, unreadable
