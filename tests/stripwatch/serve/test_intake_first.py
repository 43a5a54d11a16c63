from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import cast

import pytest

from ingest.spool.spool import AppendCounters, Spool
from stripwatch.serve.intake_first import GLANCE, LONGEST, SHARE, IntakeFirst


@dataclass
class Bench:
    """A spool's counters, its level, and a clock, all moved by hand: ``each_glance`` (records, commits) come while it rests."""

    each_glance: tuple[int, int]
    how_full: str = "ok"
    now: float = 0.0
    counters: AppendCounters = field(default_factory=AppendCounters)

    def level(self) -> str:
        return self.how_full

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.commit(*self.each_glance)

    def commit(self, records: int, commits: int) -> None:
        self.counters.records += records
        self.counters.commits += commits

    def rest_after_step(self, seconds: float) -> float:
        """How long the turn after a step of ``seconds`` is waited for, when a crowd came during the step."""
        turn = IntakeFirst(nullcontext(), cast(Spool, self), lambda: self.now, self.sleep)
        with turn:
            self.now += seconds
            self.commit(100, 5)
        before = self.now
        with turn:
            return self.now - before


def test_rests_while_mails_come_in_crowds_but_not_for_ever() -> None:
    assert Bench((20, 1)).rest_after_step(1.0) == pytest.approx(SHARE * 1.0, abs=GLANCE)
    assert Bench((20, 1)).rest_after_step(60.0) == pytest.approx(LONGEST, abs=GLANCE)


def test_the_rest_ends_with_the_crowd() -> None:
    assert Bench((3, 3)).rest_after_step(1.0) == GLANCE  # one by one: nobody waits for another
    assert Bench((0, 0)).rest_after_step(1.0) == GLANCE


def test_no_rest_without_a_crowd_or_when_the_spool_fills() -> None:
    bench = Bench((20, 1), how_full="warn")
    assert bench.rest_after_step(1.0) == 0
    alone = Bench((0, 0))
    with IntakeFirst(nullcontext(), cast(Spool, alone), lambda: alone.now, alone.sleep):
        assert alone.now == 0
