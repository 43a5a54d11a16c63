"""Every bound of reading logs, with what happens at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLimits:
    """Sizes in bytes."""

    line_bytes: int = 1 << 20
    """A longer line counts as damaged."""
    join_memory: int = 64 << 20
    """Memory of the join; lines of mail sessions beyond it wait in a temporary file (``SQLITE_TMPDIR``, ``TMPDIR``)."""
    session_lines: int = 1000
    """Lines of one session that are looked at (Zeek writes one for each message); those of later ones tell nothing new."""
    ports: int = 4096
    """Servers' ports outside the configured ones on which a log found SMTP; TLS on further ones is not joined."""
    text: int = 512
    """Characters kept of a name."""
    names: int = 100
    """Alternative names kept of a certificate."""
