"""Rounds over boxes that misbehave as no real server here can be made to; spool and handover are the real ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.counters import IntakeCounters
from collector.delivery import Delivery
from collector.errors import BoxError, MailLeft, NotDurable
from collector.in_flight import InFlight
from collector.pickup.box import Box, BoxedMail
from collector.pickup.handover import Handover
from collector.pickup.rounds import Rounds
from ingest.spool.errors import RecordTooLarge, SpoolUnavailable
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from tests.collector.conftest import LIMITS, LoopThread, SwitchedSink


@dataclass
class OddBox:
    """Holds mails by number; ``stubborn`` says yes to putting away and does nothing."""

    mails: dict[int, bytes]
    stubborn: bool = False
    failure: BoxError | None = None
    reads: list[int] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)
    tls_version: str | None = None
    waits_by: str = "never"

    def batches(self) -> Iterator[Sequence[BoxedMail]]:
        yield [BoxedMail(number, len(body)) for number, body in sorted(self.mails.items())]

    def read(self, mail: BoxedMail, limit: int) -> SpoolRecord | None:
        assert isinstance(mail.key, int)
        self.reads.append(mail.key)
        if self.mails[mail.key] == b"gone":
            return None
        if self.mails[mail.key] == b"bad":
            raise MailLeft("not_readable")
        return SpoolRecord(way="maildir", content="mail", arrived_at=0, body=self.mails[mail.key])

    def put_away(self, mail: BoxedMail) -> None:
        assert isinstance(mail.key, int)
        self.tries.append(mail.key)
        if self.failure is not None:
            raise self.failure
        if not self.stubborn:
            del self.mails[mail.key]

    def wait(self, stop: threading.Event) -> None: ...

    def close(self) -> None: ...

    def abandon(self) -> None: ...


@dataclass
class Stage:
    rounds: Rounds
    sink: SwitchedSink
    counters: IntakeCounters
    in_flight: InFlight
    stop: threading.Event

    def take(self, box: Box) -> int:
        return self.rounds.take_all(box)


@pytest.fixture
def stage(loop_thread: LoopThread, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        spool = Spool.open(tmp_path / "spool", limits=LIMITS)
        stack.callback(spool.close)
        sink, counters, in_flight, stop = SwitchedSink(spool), IntakeCounters(), InFlight(1000), threading.Event()
        handover = Handover(loop_thread.loop, Delivery(sink, counters, 5.0), in_flight, counters, 0.1)
        yield Stage(Rounds(handover, 100, stop), sink, counters, in_flight, stop)


def settle(loop_thread: LoopThread) -> None:
    """Let what was told to the loop be done."""

    async def nothing() -> None: ...

    loop_thread.run(nothing())


def test_a_box_that_only_pretends_to_put_away_gives_each_mail_once(stage: Stage) -> None:
    box = OddBox({1: b"a", 2: b"b"}, stubborn=True)
    assert [stage.take(box) for _ in range(4)] == [2, 0, 0, 0]
    assert box.reads == [1, 2]
    assert stage.counters.accepted == 2


def test_a_failure_to_put_away_ends_the_round_and_nothing_is_fetched_again(stage: Stage) -> None:
    box = OddBox({1: b"a", 2: b"b"}, failure=BoxError("move_refused", "no"))
    for _ in range(3):
        with pytest.raises(BoxError):
            stage.take(box)
    assert (box.reads, box.tries) == ([1], [1, 1, 1])
    box.failure = None
    assert stage.take(box) == 1
    assert (box.reads, box.mails) == ([1, 2], {})


@pytest.mark.parametrize(("body", "reason"), [(b"x" * 101, "message_too_large"), (b"bad", "not_readable")])
def test_what_cannot_be_taken_is_left_once_and_forgotten_when_it_goes(
    stage: Stage, loop_thread: LoopThread, body: bytes, reason: str
) -> None:
    box = OddBox({1: body, 2: b"b"})
    assert [stage.take(box) for _ in range(3)] == [1, 0, 0]
    settle(loop_thread)
    assert stage.counters.refused == {reason: 1}
    assert stage.rounds.left == 1
    assert len(box.reads) <= 2
    del box.mails[1]
    stage.take(box)
    assert stage.rounds.left == 0


def test_what_the_spool_never_takes_is_left_too(stage: Stage, loop_thread: LoopThread) -> None:
    stage.sink.failure = RecordTooLarge()
    box = OddBox({1: b"a"})
    assert [stage.take(box), stage.take(box)] == [0, 0]
    settle(loop_thread)
    assert stage.counters.refused == {"record_too_large": 1}
    assert (box.tries, box.reads) == ([], [1])


def test_what_the_spool_does_not_take_now_ends_the_round(stage: Stage, loop_thread: LoopThread) -> None:
    stage.sink.failure = SpoolUnavailable()
    box = OddBox({1: b"a"})
    with pytest.raises(NotDurable):
        stage.take(box)
    stage.sink.failure = None
    assert stage.take(box) == 1
    settle(loop_thread)
    assert stage.in_flight.held == 0


def test_no_room_in_memory(stage: Stage, loop_thread: LoopThread) -> None:
    assert stage.in_flight.take(990)
    box = OddBox({1: b"a" * 50})
    with pytest.raises(NotDurable) as caught:
        stage.take(box)
    assert (caught.value.reason, box.reads) == ("memory_full", [])


def test_a_mail_that_is_gone_is_nothing(stage: Stage, loop_thread: LoopThread) -> None:
    assert stage.take(OddBox({1: b"gone"})) == 0
    settle(loop_thread)
    assert (stage.counters.refused, stage.in_flight.held) == ({}, 0)


def test_a_stop_ends_the_round(stage: Stage) -> None:
    stage.stop.set()
    box = OddBox({1: b"a"})
    assert stage.take(box) == 0
    assert box.reads == []
