"""How grave: by how many sessions show it and by what share is proved, never by a share of a small sample."""

from __future__ import annotations

from typing import Literal

from ingest.incidents.wilson import lower

Severity = Literal["low", "medium", "high", "critical"]
LADDER: tuple[Severity, ...] = ("low", "medium", "high", "critical")
SOME, MANY = 3, 20
"""Sessions."""
NOTABLE, MOST = 0.2, 0.5
"""Shares that the lower bound must reach."""


def graded(affected: int, total: int, most: Severity) -> Severity:
    """A step up the ladder for more than a chance sighting, one for a notable share, one for most of a large sample;
    never above ``most``."""
    bound = lower(affected, total)
    steps = int(affected >= SOME) + int(affected >= SOME and bound >= NOTABLE) + int(affected >= MANY and bound >= MOST)
    return LADDER[min(steps, LADDER.index(most))]


def raised(severity: Severity) -> Severity:
    """One step up, for a finding that two sources agree on."""
    return LADDER[min(LADDER.index(severity) + 1, len(LADDER) - 1)]
