"""Every bound of the spool, in one place (RELIABILITY: each buffer, table and loop has a named limit)."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLimits:
    """Sizes in bytes, times in seconds, marks as fractions of ``pending_bytes``."""

    segment_bytes: int = 64 * MIB
    """Size at which a segment file is closed and another begun."""
    record_bytes: int = 32 * MIB
    """Largest encoded record: a mail of 16 MiB, an HTTP body, or a sniffer's chunk of sessions."""
    pending_bytes: int = 4 * GIB
    """Everything appended and not yet drained, all producers together."""
    refuse_at: float = 0.9
    """Full to this mark, nothing more is taken (452, 503)."""
    warn_at: float = 0.5
    """Full to this mark, health says so."""
    min_free_bytes: int = 256 * MIB
    """Appends are refused while the disk has less free than this."""
    queue_bytes: int = 128 * MIB
    """Encoded records that wait for a commit, in memory."""
    commit_bytes: int = 8 * MIB
    """Most that one group commit writes."""
    retired_seconds: int = 7 * 86_400
    """How long drained segments are kept for replay."""
    retired_bytes: int = 8 * GIB
    """How much of them at most; the oldest go first."""
    quarantine_bytes: int = 256 * MIB
    """How much damaged data is kept for inspection."""
    reserve_bytes: int = 256 * 1024
    """Zeros kept aside so that a checkpoint can still be written on a full disk."""
    measure_seconds: float = 1.0
    """How old a producer's knowledge of the pending bytes and the free disk may be."""
    probe_seconds: float = 0.1
    """After a failed commit, appends fail at once for so long before the disk is tried again."""
    tidy_seconds: float = 10.0
    """How often retention is looked after."""
    poll_seconds: float = 0.5
    """How often a waiting reader looks for other processes' records."""
