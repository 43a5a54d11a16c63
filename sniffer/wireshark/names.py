"""MX names for the second engine: our own reader reads port 53 of the same file, beside Wireshark."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sniffer.capture.reader import read_records
from sniffer.capture.records import Records
from sniffer.capture.source import opened
from sniffer.engine import Engine
from sniffer.errors import CaptureError
from sniffer.settings import EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird


class NamesBeside:
    """Goes through a capture no further than the sessions do. Damage is left to Wireshark to tell."""

    def __init__(self, path: Path, settings: EngineSettings, weird: Weird) -> None:
        self._engine = Engine(replace(settings, ports=frozenset()), weird)
        self._linger = settings.linger
        self._asked = settings.dns is not None
        self._records: Generator[Records, None, None] | None = _records(path, settings.chunk)
        self._reached = -(1 << 62)

    def named(self, connection: Connection) -> Connection:
        """The connection with what port 53 told of its server until it ended."""
        while self._asked and self._records and self._reached <= connection.stop + self._linger:
            self._read_on()
        return self._engine.named(connection)

    def _read_on(self) -> None:
        records = next(self._records, None) if self._records else None
        if records is None:
            self._records = None
            list(self._engine.finish())
        elif len(records):
            list(self._engine.feed(records))
            self._reached = int(records.time.max())

    def ends_at(self) -> int:
        """The time of the capture's last packets."""
        while self._records:
            self._read_on()
        return self._engine.table.now

    def close(self) -> None:
        """Let go of the file."""
        if self._records:
            self._records.close()


def _records(path: Path, chunk: int) -> Generator[Records, None, None]:
    with suppress(CaptureError), opened(path) as source:
        yield from read_records(source, chunk)
