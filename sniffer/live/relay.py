"""Captures that take over from each other, so that the kernel's drops are known while it goes on.

dumpcap says only at its end what the kernel dropped. So every so often a fresh one begins; once it captures, the former
is ended, read to its end and counted. Not a packet is missed, and what both saw counts once (``overlap``).
"""

from __future__ import annotations

import logging
import select
from collections.abc import Callable, Iterator

from sniffer.capture.records import Records
from sniffer.errors import CaptureError
from sniffer.live.dumpcap import Dumpcap, Tally
from sniffer.live.errors import LiveError
from sniffer.live.overlap import Overlap
from sniffer.live.pipe import TimedPipe

_log = logging.getLogger(__name__)

_BEGINS_WITHIN = 0.5
"""Seconds for which a new dumpcap is waited for at once; the kernel's buffer bridges them."""
_TOGETHER = 1.0
"""Seconds for which both capture: what the kernel had for the former one before the latter began is out by then. What it
still has when it is ended is lost to it, and the latter tells it."""
_GIVEN_UP_AFTER = 10.0
"""Seconds after which one that has not begun to capture, or does not end, is killed."""


class Relay:
    """One capture after the other; ``windows`` are those of all, as if they were one."""

    def __init__(self, begin: Callable[[], Dumpcap], every: float, flush: float, monotonic: Callable[[], float]) -> None:
        """``begin`` starts a dumpcap. ``every``: seconds between two handovers, 0 for none. ``flush``: seconds of a window.
        Raises LiveError when the first cannot be started."""
        self._begin = begin
        self._every = every
        self._flush = flush
        self._monotonic = monotonic
        self._asked = False
        self._left: float | None = None
        """When the running capture was asked to end, for another has taken over."""
        self._next: Dumpcap | None = None
        self._ready: float | None = None
        """When that had begun to capture."""
        self._began = monotonic()
        self._overlap = Overlap()
        self._told = Overlap()
        """What the running capture tells while the next one captures too."""
        self._current = begin()
        self.caught_up = True
        """The last window ended because no more had come."""
        self.tally: Tally | None = None
        """The count of all that have ended."""
        self.counted = 0.0
        """When the last of them did, by the same clock."""

    def windows(self) -> Iterator[list[Records]]:
        """Records in timed windows, until the capture ends. Raises CaptureError for a damaged stream, LiveError where a
        capture that took over ended by itself."""
        while True:
            pipe = TimedPipe(self._current.pipe, self._flush, self._monotonic)
            try:
                yield from self._until_its_end(pipe)
            except CaptureError as error:
                if self._left is None:
                    raise
                _log.warning("the end of a capture that another took over from cannot be read: %s", error)
            if self._left is None:
                return
            self._take_over()

    def _until_its_end(self, pipe: TimedPipe) -> Iterator[list[Records]]:
        """The running capture's records."""
        for window in pipe.windows():
            self.caught_up = pipe.caught_up and self._next is None
            if self._next:
                for records in window:
                    self._told.tell(records)
            yield [rest for records in window if (rest := self._overlap.rest(records))]
            self._hand_over(pipe)
            if self._asked or self._left is not None:
                self._current.stop()
            if self._left is not None and self._monotonic() - self._left > _GIVEN_UP_AFTER:
                self._current.kill()

    def _hand_over(self, pipe: TimedPipe) -> None:
        """Begin the next capture when it is time, and end the running one once that captures."""
        now = self._monotonic()
        if self._next is None:
            if self._asked or pipe.ended or not self._every or now - self._began < self._every:
                return
            self._began = now
            try:
                self._next = self._begin()
            except LiveError as error:
                self._refused(error)
                return
        if self._left is not None or self._asked:
            return
        if self._ready is not None:
            if now - self._ready >= _TOGETHER:
                self._left = now
            return
        seen = _seen(self._next.pipe)
        if seen & select.POLLIN:  # the head of its stream, which it writes when its filter is set
            self._ready = self._monotonic()
        elif seen or now - self._began > _GIVEN_UP_AFTER:
            self._drop_next(self._next, killed=not seen)

    def _drop_next(self, dumpcap: Dumpcap, killed: bool) -> None:
        """The one that should have taken over failed: the running one goes on."""
        self._next = None
        self._told = Overlap()
        if killed:
            dumpcap.kill()
        try:
            dumpcap.close()
            self._refused(None)
        except LiveError as error:
            self._refused(error)

    def _refused(self, error: LiveError | None) -> None:
        _log.warning("no fresh capture could take over; the running one goes on: %s", error or "it did not begin")

    def _take_over(self) -> None:
        self._add(self._current.close(), self._overlap)
        assert self._next
        self._current, self._next, self._ready, self._left = self._next, None, None, None
        self._overlap, self._told = self._told, Overlap()

    def _add(self, tally: Tally | None, overlap: Overlap) -> None:
        """Count an ended capture, without what the one before it had counted already."""
        if tally:
            before = self.tally or Tally(0, 0)
            self.tally = Tally(before.received + tally.received - overlap.repeated, before.dropped + tally.dropped)
            self.counted = self._monotonic()
        else:
            _log.warning("a capture was killed before it told what the kernel dropped: the count lacks it")

    def stop(self) -> None:
        """Ask for the end; a second time it is forced. Safe in a signal handler."""
        again, self._asked = self._asked, True
        for dumpcap in (self._current, self._next):
            if dumpcap:
                dumpcap.kill() if again else dumpcap.stop()

    def close(self) -> Tally | None:
        """After the last window: the count of all. Raises the LiveError that ended the capture when nobody asked for it;
        None when nothing could be counted."""
        if self._next:  # the end came first
            self._next.kill()
            self._next.close()
        self._add(self._current.close(), self._overlap)
        return self.tally

    def abandon(self) -> None:
        """End all, whatever they hold."""
        for dumpcap in (self._current, self._next):
            if dumpcap:
                dumpcap.kill()
                dumpcap.close()


def _seen(pipe: int) -> int:
    """What poll tells of a new capture's pipe, which is waited for a little; 0: nothing yet."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return sum(event for _, event in poll.poll(_BEGINS_WITHIN * 1000))
