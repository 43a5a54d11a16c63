"""What of a failure report is kept: it is other people's mail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is kept of the message that failed."""

    addresses: bool = False
    """Whole addresses instead of their domains."""
    message: bool = False
    """Subject and body, and what DKIM made of its headers and body."""


PRIVATE = Privacy()
"""Nothing of it: the default."""
