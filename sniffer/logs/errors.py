"""Errors of reading logs.

SnifferError
├── BadLine      bad_line     one line of a log cannot be used; those around it can
└── CaptureError
    └── JoinFull join_full    the lines that wait for their partners have no room
"""

from __future__ import annotations

from sniffer.errors import CaptureError, SnifferError


class BadLine(SnifferError):
    """The line is cut, damaged, or a value in it is not what its field wants."""

    reason = "bad_line"


class JoinFull(CaptureError):
    """The temporary folder (``SQLITE_TMPDIR``, ``TMPDIR``) has no room for the join's file."""

    reason = "join_full"
