"""How much is kept of what could not be used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterLimits:
    """Bounds of the folder of dead letters."""

    total_bytes: int = 1 << 30
    """All letters together; beyond it the oldest go, counted."""
    letters: int = 100_000
    """How many are kept."""
