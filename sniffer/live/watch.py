"""A running capture as batches of sessions: one batch for each span of time, empty when no session ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from sniffer.capture.records import Records
from sniffer.engine import Engine
from sniffer.errors import CaptureError
from sniffer.lines import SessionLines
from sniffer.settings import SECOND, EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.weird import Weird

MARGIN = SECOND
"""A packet comes through kernel, dumpcap and pipe within this; so much later no packet of then can follow."""


@dataclass(slots=True)
class WatchCounts:
    """Since the start."""

    packets: int = 0
    sessions: int = 0
    open: int = 0
    """Connections followed now."""
    behind: int = 0
    """Nanoseconds between the newest packet's time and when it was looked at; 0 in quiet times."""
    weird: Weird = field(default_factory=Weird)


class Stream(Protocol):
    """A running capture."""

    caught_up: bool
    """The last window ended because no more had come."""

    def windows(self) -> Iterator[list[Records]]:
        """The records of each span of time."""
        ...


def watch(
    stream: Stream, settings: SniffSettings, engine_settings: EngineSettings, counts: WatchCounts, wall: Callable[[], int]
) -> Iterator[list[bytes]]:
    """Lines of NDJSON as sessions end; at the stream's end those of all open ones.

    ``wall`` gives nanoseconds since the epoch: while nothing comes, it is what lets silent sessions end. Memory is bounded
    by ``engine_settings``. Raises CaptureError behind the last batch when the stream is damaged.
    """
    engine = Engine(engine_settings, counts.weird)
    session_line = SessionLines(settings)

    def lines(connections: Iterator[Connection]) -> list[bytes]:
        found = [line for line in map(session_line, connections) if line]
        counts.sessions += len(found)
        return found

    damage: CaptureError | None = None
    try:
        for window in stream.windows():
            batch: list[bytes] = []
            newest = 0
            for records in window:
                counts.packets += len(records)
                newest = int(records.time.max())
                batch += lines(engine.feed(records))
            counts.behind = max(0, wall() - newest) if newest else 0
            if stream.caught_up:
                batch += lines(engine.advance(wall() - MARGIN))
            counts.open = len(engine.table)
            yield batch
    except CaptureError as error:
        damage = error
    rest = lines(engine.finish())
    counts.open = 0
    yield rest
    if damage:
        raise damage
