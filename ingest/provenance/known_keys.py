"""DKIM keys that verified a mail, and from when to when they did: a replay judges as the day of arrival did.

Reporters change their keys, and then take the old ones out of the DNS. A store that is rebuilt a month later must not
find last month's reports unsigned. A remembered key is used only for mails that arrived between the first and the last
mail that it verified while it was published: one that was taken back is never trusted for what comes later.

JSON lines, one a name and its records, written whole. It is a memory, not a truth: a file that is lost or cannot be
written costs replays their keys and nothing else.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem

MOST = 10_000
WRITE_EVERY = 3_600
"""Seconds by which a key's span grows before that is written down."""
_FILE_BYTES = 128 << 20

Records = tuple[bytes, ...]


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """TXT records of ``name`` (Latin-1), which verified mails that arrived from ``first`` to ``last`` (epoch seconds)."""

    name: str
    texts: tuple[str, ...]
    first: int
    last: int


class KnownKeys:
    """Safe for threads of one process. Without a path it remembers until the process ends."""

    def __init__(self, path: Path | None = None, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        self._path = path
        self._filesystem = filesystem
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, tuple[str, ...]], KnownKey] = {}
        self._written: dict[tuple[str, tuple[str, ...]], KnownKey] = {}
        if path is not None:
            self._keys = _read(filesystem, path)
            self._written = dict(self._keys)

    def verified(self, name: str, records: Records, arrived: int) -> None:
        """A mail that arrived then has a signature that these published records verify."""
        texts = tuple(sorted(record.decode("latin-1") for record in records))
        with self._lock:
            known = self._keys.pop((name, texts), None)
            first, last = (arrived, arrived) if known is None else (min(known.first, arrived), max(known.last, arrived))
            self._keys[name, texts] = KnownKey(name=name, texts=texts, first=first, last=last)
            while len(self._keys) > MOST:
                del self._keys[next(iter(self._keys))]
            written = self._written.get((name, texts))
            if written is None or last - written.last >= WRITE_EVERY or written.first - first >= WRITE_EVERY:
                self._write()

    def at(self, name: str, arrived: int) -> list[Records]:
        """Records that were published under the name when a mail arrived then."""
        with self._lock:
            fitting = [key for key in self._keys.values() if key.name == name and key.first <= arrived <= key.last]
        return [tuple(text.encode("latin-1") for text in key.texts) for key in fitting]

    def _write(self) -> None:
        if self._path is None:
            return
        content = b"".join(msgspec.json.encode(key) + b"\n" for key in self._keys.values())
        with suppress(OSError):
            write_durably(self._filesystem, self._path, content)
            self._written = dict(self._keys)


def _read(filesystem: Filesystem, path: Path) -> dict[tuple[str, tuple[str, ...]], KnownKey]:
    try:
        lines = read_whole(filesystem, path, _FILE_BYTES).splitlines()
    except OSError:
        return {}
    decode = msgspec.json.Decoder(KnownKey).decode
    keys = {}
    for line in filter(None, lines):
        with suppress(msgspec.DecodeError):
            key = decode(line)
            keys[key.name, key.texts] = key
    return keys
