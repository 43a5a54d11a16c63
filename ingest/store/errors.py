"""Errors of the stores.

StoreError
 ├─ StoreUnavailable   it may answer later: the drain keeps the record and tries again
 ├─ StoreLocked        another process holds the DuckDB file
 ├─ StoreDamaged       the file cannot be opened: set aside and rebuild by replay
 ├─ DocumentRejected   a document given to ``put`` can never be stored
 └─ QueryError         the question cannot be asked: unknown dataset or field, wrong type
     └─ TooManyGroups
"""

from __future__ import annotations


class StoreError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word."""

    reason = "store_error"


class StoreUnavailable(StoreError):
    reason = "store_unavailable"


class StoreLocked(StoreError):
    reason = "store_locked"


class StoreDamaged(StoreError):
    reason = "store_damaged"


class DocumentRejected(StoreError):
    reason = "document_rejected"


class QueryError(StoreError):
    reason = "bad_query"


class TooManyGroups(QueryError):
    reason = "too_many_groups"
