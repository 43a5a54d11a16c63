"""Who goes first when mail comes faster than one by one: the intake. The spool is there to be drained later.

Intake and drain share one interpreter. A sender waits for its 250 and repeats only for a day; the drain can wait. So
while appends come in crowds (a commit writes several at once) the drain rests between its steps, some times as long as
its last step took. It never rests long, nor at all once the spool is half full: what comes for hours is drained too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from ingest.spool.spool import Spool

CROWD = 2
"""Records in the mean commit from which on the intake is said to be crowded."""
SHARE = 4
"""The drain rests at most so many times as long as its last step took."""
LONGEST = 5.0
"""And at most so many seconds."""
GLANCE = 0.25
"""Seconds between two looks at the intake."""


class IntakeFirst:
    """The drain's turn, taken after a rest while the intake is crowded. Holds ``turn`` as a context manager."""

    def __init__(
        self,
        turn: AbstractContextManager[object],
        spool: Spool,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """``sleep`` may end early: an event's ``wait`` lets a stop through."""
        self._turn = turn
        self._spool = spool
        self._clock = clock
        self._sleep = sleep
        self._took = 0.0
        self._began = 0.0
        self._seen = (0, 0)

    def __enter__(self) -> None:
        self._rest()
        self._turn.__enter__()
        self._began = self._clock()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._took = self._clock() - self._began
        self._turn.__exit__(kind, error, trace)

    def _rest(self) -> None:
        end = self._clock() + min(SHARE * self._took, LONGEST)
        while self._crowded() and self._clock() < end and self._spool.level() == "ok":
            self._sleep(GLANCE)

    def _crowded(self) -> bool:
        """By what was committed since the last look."""
        records, commits = self._seen
        counters = self._spool.counters
        self._seen = (counters.records, counters.commits)
        return counters.records - records >= CROWD * max(counters.commits - commits, 1)
