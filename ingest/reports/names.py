"""Names and numbers as reports write them."""

from __future__ import annotations

LARGEST_COUNT = 2**63 - 1


def domain_name(text: str | None) -> str | None:
    """Lower case, no white space around it, no final dot; None when nothing is left."""
    if not text:
        return None
    return text.strip().rstrip(".").lower() or None


def word(text: str | None) -> str | None:
    """A keyword of a report: lower case, no white space around it."""
    if not text:
        return None
    return text.strip().lower() or None


def count(text: str | None) -> int | None:
    """ASCII digits only: a sign, an underscore, a fraction or another script's digits make it None."""
    if text is None:
        return None
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    number = int(text)
    return number if number <= LARGEST_COUNT else None
