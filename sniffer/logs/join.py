"""Lines of the same connection, put together whatever their order and files: sorted by connection outside of memory.

Zeek writes a connection's smtp and ssl lines when they happen and its conn line at its end, maybe hours and a rotated
file later, so no window of time is right. SQLite's temporary database keeps to ``join_memory`` and spills to a file
that is gone with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from sniffer.logs.entries import Certificate, Entry
from sniffer.logs.errors import JoinFull
from sniffer.logs.limits import LogLimits

_ENTRY = msgspec.json.Decoder(Entry)
_CERTIFICATE = msgspec.json.Decoder(Certificate)
_encode = msgspec.json.Encoder().encode


class Join:
    """Takes lines in any order, gives them by connection. Each method may raise JoinFull."""

    def __init__(self, limits: LogLimits) -> None:
        self._limits = limits
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{limits.join_memory >> 10}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE line (key TEXT, at INTEGER, body BLOB)")
        self._database.execute("CREATE TABLE certificate (key TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, key: str, entry: Entry) -> None:
        """A line of the connection that ``key`` names."""
        self._execute("INSERT INTO line VALUES (?, ?, ?)", (_storable(key), entry.at, _encode(entry)))

    def add_certificate(self, key: str, certificate: Certificate) -> None:
        self._execute("INSERT OR IGNORE INTO certificate VALUES (?, ?)", (_storable(key), _encode(certificate)))

    def connections(self) -> Iterator[tuple[str, list[Entry]]]:
        """Each connection with its lines, the oldest first; those beyond ``session_lines`` are left out."""
        rows = self._execute("SELECT key, body FROM line ORDER BY key, at, body")
        try:
            for key, group in groupby(rows, itemgetter(0)):
                yield key, _oldest(group, self._limits.session_lines)
        except sqlite3.OperationalError as error:
            raise JoinFull(str(error)) from error

    def certificate(self, key: str | None) -> Certificate | None:
        found: Any = key and self._execute("SELECT body FROM certificate WHERE key = ?", (_storable(key),)).fetchone()
        return _CERTIFICATE.decode(found[0]) if found else None

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise JoinFull(str(error)) from error

    def close(self) -> None:
        self._database.close()


def _storable(key: str) -> str:
    return key.encode("utf-8", "replace").decode()


def _oldest(rows: Iterator[tuple[str, bytes]], most: int) -> list[Entry]:
    """The first ``most`` of every kind: a thousand messages must not push out the one line of ssl or conn."""
    kept: list[Entry] = []
    counts: dict[type, int] = {}
    for _, body in rows:
        entry = _ENTRY.decode(body)
        counts[type(entry)] = counts.get(type(entry), 0) + 1
        if counts[type(entry)] <= most:
            kept.append(entry)
    return kept
