"""Errors of a choice between conflicting reports.

ConflictError
 ├─ UnknownReport   no report with that id is stored
 ├─ NoConflict      the report has no other version: there is nothing to choose
 └─ NotEligible     the report does not count for another reason than the conflict (its provenance, its domain)
"""

from __future__ import annotations


class ConflictError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word."""

    reason = "conflict_error"


class UnknownReport(ConflictError):
    reason = "unknown_report"


class NoConflict(ConflictError):
    reason = "no_conflict"


class NotEligible(ConflictError):
    reason = "not_eligible"
