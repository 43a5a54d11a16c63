"""One bound on the bytes that all sessions together hold in memory between the wire and the spool.

A session takes a lease and grows it as bytes come. Before it starts it may wait for room; once it has started it
never waits, since sessions that wait for each other's memory would all stand still: it is refused instead, and what
it held is free for the others. A quarter is kept for those that have started, or newcomers would take every byte that
comes free, and messages would be thrown away within sight of their end.
"""

from __future__ import annotations

import asyncio
from collections import deque


class InFlight:
    """Counts the bytes held. Belongs to one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._newcomers_limit = limit * 3 // 4
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def take(self, size: int) -> bool:
        """Take ``size`` bytes now, or nothing."""
        if self.held + size > self.limit:
            return False
        self.held += size
        return True

    def release(self, size: int) -> None:
        """Give back, and let those in who wait, first come first served."""
        self.held -= size
        self._let_in()

    async def wait(self, size: int, seconds: float) -> bool:
        """Take ``size`` bytes as soon as there is room; False when ``seconds`` passed without any."""
        if not self._waiting and self._admit(size):
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, future))
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return self._won(future)
        except asyncio.CancelledError:
            if self._won(future):
                self.release(size)
            raise
        finally:
            self._let_in()  # whoever gave up stands in nobody's way
        return True

    def _let_in(self) -> None:
        while self._waiting:
            wanted, future = self._waiting[0]
            if not future.done():
                if not self._admit(wanted):
                    return
                future.set_result(None)
            self._waiting.popleft()

    def _admit(self, size: int) -> bool:
        """Take for a newcomer; one that is alone may have everything."""
        return (not self.held or self.held + size <= self._newcomers_limit) and self.take(size)

    @staticmethod
    def _won(future: asyncio.Future[None]) -> bool:
        """Whether the room was given just before the wait was cut short."""
        return future.done() and not future.cancelled()


class Lease:
    """One message's share of the bytes in flight; closing it twice is harmless."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self.size = 0

    async def admit(self, size: int, seconds: float) -> bool:
        """Wait for the first ``size`` bytes; False when none came free in time."""
        if not await self._in_flight.wait(size, seconds):
            return False
        self.size += size
        return True

    def grow_to(self, size: int) -> bool:
        """Hold at least ``size`` bytes; False when there is no room (what was held stays held)."""
        more = size - self.size
        if more > 0:
            if not self._in_flight.take(more):
                return False
            self.size = size
        return True

    def hand_over(self) -> Lease:
        """A lease with all that this one held; closing this one then gives nothing back."""
        heir = Lease(self._in_flight)
        heir.size, self.size = self.size, 0
        return heir

    def close(self) -> None:
        """Give everything back."""
        size, self.size = self.size, 0
        if size:
            self._in_flight.release(size)
