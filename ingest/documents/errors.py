"""Errors of making documents.

DocumentError     base; not raised itself
 └─ BadSession    a session object that lacks what makes it one, or holds a value of the wrong type
"""

from __future__ import annotations


class DocumentError(Exception):
    """``reason`` is a stable word, kept with the dead letter."""

    reason = "bad_document"


class BadSession(DocumentError):
    reason = "bad_session"
