"""Shares with honest bounds: a share is never shown or judged without what its sample can bear.

Wilson's score interval (E. B. Wilson, JASA 22, 1927) stays inside 0 … 1 and stays wide for small samples, where the
textbook interval collapses: 1 of 1 is "at least 21 %", never "100 %". Rankings go by the lower bound.
"""

from __future__ import annotations

from math import erfc, sqrt

Z_95 = 1.96
"""Two-sided 95 %."""


def interval(affected: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Bounds of the share ``affected / total`` in 0 … 1, (0, 1) for an empty sample.
    Raises ValueError unless 0 ≤ affected ≤ total."""
    if not 0 <= affected <= total:
        raise ValueError(f"{affected} of {total} is no share")
    if total == 0:
        return 0.0, 1.0
    share = affected / total
    square = z * z
    scale = 1 + square / total
    centre = (share + square / (2 * total)) / scale
    half = z / scale * sqrt(share * (1 - share) / total + square / (4 * total * total))
    low = 0.0 if affected == 0 else max(0.0, min(centre - half, share))
    high = 1.0 if affected == total else min(1.0, max(centre + half, share))
    return low, high


def lower(affected: int, total: int, z: float = Z_95) -> float:
    """The lower bound alone: what the sample proves at least."""
    return interval(affected, total, z)[0]


def p_value_greater(affected: int, total: int, base_affected: int, base_total: int) -> float:
    """One-sided two-proportion z-test with pooled variance: how likely so large an excess of ``affected / total`` over
    ``base_affected / base_total`` is when both are one share. 1.0 when there is no excess or a sample is empty."""
    interval(affected, total)
    interval(base_affected, base_total)
    if total == 0 or base_total == 0:
        return 1.0
    excess = affected / total - base_affected / base_total
    if excess <= 0:
        return 1.0
    pooled = (affected + base_affected) / (total + base_total)
    error = sqrt(pooled * (1 - pooled) * (1 / total + 1 / base_total))
    return 0.5 * erfc(excess / error / sqrt(2))
