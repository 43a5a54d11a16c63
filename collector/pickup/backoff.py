"""Growing pauses between tries. Pure: chance comes in as an argument."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Each pause is about ``growth`` times the last one, up to ``most`` seconds, less up to a half by chance."""

    def __init__(self, first: float, most: float, chance: Callable[[], float], growth: float = 2.0) -> None:
        """``chance``: numbers from 0 up to 1; it keeps many clients of one server from coming back together."""
        self._first = first
        self._most = most
        self._chance = chance
        self._growth = growth
        self._next = first

    def pause(self, *, longest: bool = False) -> float:
        """Seconds until the next try."""
        ceiling = self._most if longest else min(self._next, self._most)
        self._next = min(ceiling * self._growth, self._most)
        return ceiling * (1 - self._chance() / 2)

    def reset(self) -> None:
        """It worked: the next failure starts small."""
        self._next = self._first
