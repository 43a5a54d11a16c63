"""What the intakes that empty a box have in common. Sizes are bytes, times seconds."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupSettings:
    """Limits of one box's intake."""

    size_limit: int = 16 * MIB
    """One mail; a larger one is left in its box."""
    retry_first: float = 5.0
    """The first pause after a failure."""
    retry_most: float = 300.0
    """The longest one."""
    admission_wait: float = 60.0
    """How long a mail waits for room in memory."""
    append_seconds: float = 60.0
    """How long the spool may take."""
    stop_seconds: float = 5.0
    """How long the mail under way may take when the intake stops."""
