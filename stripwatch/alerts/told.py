"""What was told to whom, kept apart from the store, so that a restart or a store that is rebuilt tells nothing twice.

The file is JSON lines, ``{"to", "condition", "incident", "severity", "at"}``, written whole. A line or file that cannot be read is
passed over: the worst that follows is that something is told twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from ingest.incidents.severity import Severity
from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem

_log = logging.getLogger(__name__)
_FILE_BYTES = 64 << 20


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient was told of a condition, as ``incident`` had it then."""

    to: str
    condition: str
    incident: str
    severity: Severity
    at: datetime


class ToldBook:
    """For one thread. A missing file is an empty book, and so is one that cannot be read, which is logged."""

    def __init__(self, path: Path, filesystem: Filesystem = REAL_FILESYSTEM) -> None:
        self._path = path
        self._filesystem = filesystem
        self._told = {(one.to, one.condition): one for one in _read(filesystem, path)}

    def of(self, to: str) -> dict[str, Told]:
        """What a recipient was told, by condition."""
        return {condition: one for (recipient, condition), one in self._told.items() if recipient == to}

    def add(self, told: Iterable[Told], forget: datetime) -> None:
        """Durable when it returns. Raises OSError, and remembers until the end of the process. What was told before ``forget`` is
        forgotten."""
        self._told |= {(one.to, one.condition): one for one in told}
        self._told = {key: one for key, one in self._told.items() if one.at >= forget}
        lines = [msgspec.json.encode(self._told[key]) + b"\n" for key in sorted(self._told)]
        write_durably(self._filesystem, self._path, b"".join(lines))


def _read(filesystem: Filesystem, path: Path) -> list[Told]:
    try:
        lines = read_whole(filesystem, path, _FILE_BYTES).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        _log.warning("alerts: %s cannot be read (%s): what was told may be told again", path, error.strerror)
        return []
    decode = msgspec.json.Decoder(Told).decode
    found = []
    for line in filter(None, lines):
        try:
            found.append(decode(line))
        except (msgspec.DecodeError, ValueError):
            continue
    return found
