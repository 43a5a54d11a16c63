"""Records with reports that could not be judged because the DNS did not answer: a small durable list.

JSON lines, one a record: ``{"id", "arrived_at", "tries", "due"}``, written whole like the incident states: a temporary
file, fsync, rename, fsync of the folder. A line that cannot be read is passed over and goes with the next write: its
report stays stored as undecided, and a replay judges it again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem
from ingest.store.errors import StoreUnavailable

FILE_NAME = "undecided.jsonl"
MOST = 100_000
"""Records on the list; more stay stored as undecided until a replay."""
SECOND = 1_000_000_000
FIRST_WAIT = 60 * SECOND
LONGEST_WAIT = 3600 * SECOND
GIVE_UP = 7 * 86_400 * SECOND
"""After the arrival. A DNS that is silent for a week publishes no key."""
_FILE_BYTES = 64 << 20


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is judged again at ``due`` (nanoseconds since the epoch), after ``tries`` in vain."""

    id: str
    arrived_at: int
    tries: int = 0
    due: int = 0


class UndecidedBook:
    """The list in one file; safe for threads of one process. A missing file is an empty list."""

    def __init__(self, path: Path, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        self.path = path
        self._filesystem = filesystem
        self._lock = threading.Lock()
        self._waiting = _read(filesystem, path)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, records: Iterable[tuple[str, int]]) -> None:
        """Note records (id, arrived_at); durable when it returns. Raises StoreUnavailable: the drain takes them again."""
        with self._lock:
            wanted = dict(self._waiting)
            for id_, arrived_at in records:
                if id_ not in wanted and len(wanted) < MOST:
                    wanted[id_] = Waiting(id=id_, arrived_at=arrived_at)
            self._keep(wanted)

    def due(self, now: int, limit: int) -> list[Waiting]:
        """Those whose time has come, the longest due first. What has waited too long leaves the list."""
        with self._lock:
            self._keep({id_: entry for id_, entry in self._waiting.items() if now - entry.arrived_at < GIVE_UP})
            ready = [entry for entry in self._waiting.values() if entry.due <= now]
        return sorted(ready, key=lambda entry: (entry.due, entry.arrived_at))[:limit]

    def settle(self, decided: Iterable[str], again: Iterable[Waiting], now: int) -> None:
        """Take ``decided`` off; wait longer for those to be asked ``again``. Raises StoreUnavailable."""
        with self._lock:
            wanted = dict(self._waiting)
            for id_ in decided:
                wanted.pop(id_, None)
            for entry in again:
                wait = min(FIRST_WAIT << min(entry.tries, 10), LONGEST_WAIT)
                wanted[entry.id] = msgspec.structs.replace(entry, tries=entry.tries + 1, due=now + wait)
            self._keep(wanted)

    def _keep(self, wanted: dict[str, Waiting]) -> None:
        if wanted == self._waiting:
            return
        content = b"".join(msgspec.json.encode(entry) + b"\n" for entry in wanted.values())
        try:
            write_durably(self._filesystem, self.path, content)
        except OSError as error:
            raise StoreUnavailable(f"{self.path.name}: {error.strerror}") from error
        self._waiting = wanted


def _read(filesystem: Filesystem, path: Path) -> dict[str, Waiting]:
    try:
        lines = read_whole(filesystem, path, _FILE_BYTES).splitlines()
    except FileNotFoundError:
        return {}
    decode = msgspec.json.Decoder(Waiting).decode
    waiting: dict[str, Waiting] = {}
    for line in filter(None, lines):
        try:
            entry = decode(line)
        except msgspec.DecodeError:
            continue
        waiting[entry.id] = entry
    return waiting
