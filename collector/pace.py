"""How slow a sender may be: a grace period, then a lowest mean rate, and an end to everything.

As Postfix does it (``smtpd_min_data_rate`` with a per-request deadline): each byte received buys time, so one byte
every five seconds does not keep a slot, while a slow but honest line does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Times are seconds on any monotonic clock."""

    started: float
    grace: float
    """Seconds before the rate counts."""
    rate: float
    """Bytes a second; 0 asks for none."""
    longest: float
    """Seconds that the whole may take, however fast."""

    def deadline(self, received: int) -> float:
        """The moment by which more must have come, when ``received`` bytes are here."""
        end = self.started + self.longest
        if not self.rate:
            return end
        return min(end, self.started + self.grace + received / self.rate)
