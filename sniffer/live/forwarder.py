"""From a sensor's spool to its collector: a record leaves the spool only after the collector said that it is durable there.

Sent twice is harmless (a session's id tells), so every doubt ends in another try.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.spool.errors import SpoolError
from ingest.spool.reader import SpoolReader
from sniffer.live.collector_client import Answer

_log = logging.getLogger(__name__)

BATCH_BYTES = 4 << 20
"""NDJSON in one post, before compression."""
BATCH_RECORDS = 500
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0


@dataclass(slots=True)
class ForwardCounters:
    """Since the start."""

    posts: int = 0
    records: int = 0
    refusals: int = 0
    """Posts that were not taken."""
    too_large: int = 0
    """Sessions left out because the collector does not take one so large even alone."""


class Forwarder:
    """Posts what the reader gives, in order. One thread uses it."""

    def __init__(self, reader: SpoolReader, post: Callable[[bytes], Answer], draw: Callable[[], float] = random.random) -> None:
        """``draw`` gives numbers in [0, 1) that spread the retries of many sensors."""
        self.counters = ForwardCounters()
        self._reader = reader
        self._post = post
        self._draw = draw
        self._failures = 0

    def step(self) -> float | None:
        """Post one batch. None: nothing waits; 0: it was taken; else the seconds to wait before the next try."""
        records = self._reader.read(max_records=BATCH_RECORDS, max_bytes=BATCH_BYTES)
        if not records:
            return None
        answer = self._deliver(b"".join(stored.record.body for stored in records))
        if answer.fate != "taken":
            self._reader.rewind()
            return self._wait(answer)
        self._reader.commit()
        if self._failures:
            _log.info("the collector takes sessions again")
        self._failures = 0
        self.counters.records += len(records)
        return 0.0

    def run(self, wait: Callable[[float], bool]) -> None:
        """Post until ``wait(seconds)``, which may return early, gives True: time to stop."""
        while True:
            pause: float | None
            try:
                pause = self.step()
                if pause is None:
                    self._reader.tidy()
            except SpoolError as error:
                _log.warning("forwarding: %s: %s", error.reason, error.detail)
                self._reader.rewind()
                pause = LONGEST_WAIT
            if wait(1.0 if pause is None else pause):
                return

    def _deliver(self, lines: bytes) -> Answer:
        """Post; what is too large goes in halves, and a single session that is still too large is left out."""
        waiting = [lines]
        while waiting:
            part = waiting.pop()
            self.counters.posts += 1
            answer = self._post(part)
            if answer.fate == "too_large":
                halves = list(_halves(part))
                if len(halves) == 1:
                    self.counters.too_large += 1
                    _log.error("the collector takes no session of %d bytes: left out", len(part))
                else:
                    waiting += reversed(halves)
            elif answer.fate == "again":
                return answer
        return Answer("taken")

    def _wait(self, answer: Answer) -> float:
        self.counters.refusals += 1
        self._failures += 1
        if self._failures == 1 or self._failures % 60 == 0:  # a line an outage, and one an hour or so
            _log.warning("the collector does not take sessions: %s; they wait in the spool", answer.said)
        backoff = min(FIRST_WAIT * 2.0 ** min(self._failures - 1, 16), LONGEST_WAIT)
        return max(backoff * (0.5 + self._draw() / 2), answer.retry_after)


def _halves(lines: bytes) -> Iterator[bytes]:
    middle = lines.find(b"\n", len(lines) // 2) + 1
    if not 0 < middle < len(lines):
        middle = lines.rfind(b"\n", 0, len(lines) // 2) + 1
    if not 0 < middle < len(lines):
        yield lines
        return
    yield lines[:middle]
    yield lines[middle:]
