"""A fuzz target: seeds, and what must hold of any bytes made from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

KEPT = Path(__file__).parent / "kept"
"""Inputs that once broke a promise, a folder for each target. They are seeds and tests."""
LARGEST = 64 * 1024


class PromiseBroken(AssertionError):
    """An answer that is none of the documented ones, or another one to the same bytes."""


@dataclass(frozen=True)
class Target:
    """``answer`` raises for whatever is not documented. ``again`` reads the same bytes in other pieces; its answer must
    be the same."""

    name: str
    seeds: Callable[[], list[bytes]]
    answer: Callable[[bytes], Hashable]
    again: Callable[[bytes, random.Random], Hashable] | None = None
    words: tuple[bytes, ...] = ()
    """Pieces worth inserting."""
    shaped: Callable[[random.Random, bytes], bytes] = lambda _rng, data: data
    """What is done to a mutated input before it is used: wrap, compress, mend checksums."""

    def kept(self) -> list[Path]:
        return sorted((KEPT / self.name).glob("*"))

    def starts(self) -> list[bytes]:
        """Seeds and kept inputs, none longer than LARGEST."""
        return [seed for seed in [*self.seeds(), *(path.read_bytes() for path in self.kept())] if len(seed) <= LARGEST]


def expect(holds: object, what: object) -> None:
    if not holds:
        raise PromiseBroken(what)
