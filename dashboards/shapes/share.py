"""A share with its count and its bounds: no page prints one without the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ingest.incidents import wilson


@dataclass(frozen=True)
class Share:
    """``affected`` of ``total``. Bounds are Wilson's at 95 %."""

    affected: int
    total: int

    @property
    def value(self) -> float | None:
        """0 … 1, None when nothing was looked at."""
        return self.affected / self.total if self.total else None

    @cached_property
    def bounds(self) -> tuple[float, float]:
        return wilson.interval(self.affected, self.total)

    @property
    def lower(self) -> float:
        return self.bounds[0]

    @property
    def upper(self) -> float:
        return self.bounds[1]
