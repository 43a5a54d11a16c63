"""Errors of the dead letters.

DeadLetterError
 ├─ DeadLettersUnavailable   the disk failed or is full: keep the record and try again
 ├─ UnknownLetter            no letter with that id
 └─ DamagedLetter            the letter's bytes are not as they were written
"""

from __future__ import annotations


class DeadLetterError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word."""

    reason = "dead_letter_error"
    permanent = True


class DeadLettersUnavailable(DeadLetterError):
    reason = "dead_letters_unavailable"
    permanent = False


class UnknownLetter(DeadLetterError):
    reason = "unknown_letter"


class DamagedLetter(DeadLetterError):
    reason = "damaged_letter"
