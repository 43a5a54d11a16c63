"""Where a running capture's sessions go, batch by batch."""

from __future__ import annotations

import logging
from typing import BinaryIO, Protocol

from ingest.spool.clock import Clock
from ingest.spool.errors import SpoolError
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool

_log = logging.getLogger(__name__)

RECORD_BYTES = 1 << 20
"""One spooled record holds about so many bytes of sessions: a collector takes several in one post."""
HELD_BYTES = 64 << 20
"""What waits in memory while the spool takes nothing; beyond it the oldest sessions are lost, and counted."""


class Outlet(Protocol):
    """Takes lines of NDJSON. ``lost`` counts sessions that could not be kept."""

    lost: int

    def take(self, lines: list[bytes]) -> bool:
        """A batch, which may be empty. True when something went out. Called at least once a second."""
        ...


class Printed:
    """To standard output, line by line."""

    def __init__(self, out: BinaryIO) -> None:
        self.lost = 0
        self._out = out

    def take(self, lines: list[bytes]) -> bool:
        """Raises BrokenPipeError when nobody reads any more."""
        self._out.writelines(lines)
        self._out.flush()
        return bool(lines)


class Spooled:
    """To a spool: durable when ``take`` returns, or held in memory while the spool refuses."""

    def __init__(self, spool: Spool, clock: Clock, name: str, held_bytes: int = HELD_BYTES) -> None:
        """``name``: the interface, which stands in the records as their origin."""
        self.lost = 0
        self._spool = spool
        self._clock = clock
        self._name = name
        self._most = held_bytes
        self._held: list[bytes] = []
        self._size = 0
        self._refusing = False

    def take(self, lines: list[bytes]) -> bool:
        self._held += lines
        self._size += sum(map(len, lines))
        if not self._held:
            return False
        try:
            self._spool.append_many(self._records())
        except SpoolError as error:
            if not self._refusing:  # one line an outage
                _log.warning("the spool takes nothing: %s: %s; sessions are held in memory", error.reason, error.detail)
            self._refusing = True
            self._forget_oldest()
            return False
        if self._refusing:
            _log.warning("the spool takes sessions again; %d were lost since the start", self.lost)
        self._refusing = False
        self._held.clear()
        self._size = 0
        return True

    def _records(self) -> list[SpoolRecord]:
        groups: list[list[bytes]] = [[]]
        size = 0
        for line in self._held:
            if groups[-1] and size + len(line) > RECORD_BYTES:
                groups.append([])
                size = 0
            groups[-1].append(line)
            size += len(line)
        arrived_at = self._clock.wall()
        return [
            SpoolRecord(way="sniffer", content="sessions", arrived_at=arrived_at, body=b"".join(group), file_path=self._name)
            for group in groups
        ]

    def _forget_oldest(self) -> None:
        dropped = 0
        while self._size > self._most:
            self._size -= len(self._held[dropped])
            dropped += 1
        self.lost += dropped
        del self._held[:dropped]
