"""Answers remembered by the bytes asked about, within a bound of bytes: who sends long ones can't fill the memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")


class Memory(dict[K, V]):
    """Findings by what was asked, no more than ``most``: one too many, and all are forgotten."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> V:
        """Keep a finding, and give it back."""
        if len(self) >= self._most:
            self.clear()
        self[key] = value
        return value


def remembered(count: int, longest: int) -> Callable[[Callable[Concatenate[bytes, P], R]], Callable[Concatenate[bytes, P], R]]:
    """As ``lru_cache(count)`` for a function of bytes; what is longer than ``longest`` is answered anew each time."""

    def remembering(answer: Callable[Concatenate[bytes, P], R]) -> Callable[Concatenate[bytes, P], R]:
        kept = lru_cache(count)(answer)

        @wraps(answer)
        def asked(data: bytes, *rest: P.args, **named: P.kwargs) -> R:
            return kept(data, *rest, **named) if len(data) <= longest else answer(data, *rest, **named)  # type: ignore[arg-type]

        return cast("Callable[Concatenate[bytes, P], R]", asked)

    return remembering
