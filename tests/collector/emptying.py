"""A running intake that empties a box, over a real spool; fixtures of the IMAP and Maildir tests use it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from collector.pickup.intake import PickupIntake
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from tests.collector.conftest import LoopThread, SwitchedSink


@dataclass
class Emptying:
    intake: PickupIntake
    thread: LoopThread
    spool: Spool
    sink: SwitchedSink
    stopped: bool = False

    def records(self) -> list[SpoolRecord]:
        """Everything that is in the spool."""
        with SpoolReader.open(self.spool.folder, limits=self.spool.limits) as reader:
            found: list[SpoolRecord] = []
            while more := reader.read():
                found += [stored.record for stored in more]
            return found

    def bodies(self) -> list[bytes]:
        return sorted(record.body for record in self.records())

    @property
    def accepted(self) -> int:
        return self.intake.snapshot().accepted

    def refused(self, reason: str) -> int:
        return self.intake.snapshot().refused.get(reason, 0)

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.thread.run(self.intake.stop())


def await_that(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until it holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)
