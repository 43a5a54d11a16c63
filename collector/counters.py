"""What an intake has seen, as plain numbers; whoever serves metrics reads a snapshot."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IntakeSnapshot:
    """The counters of one intake at one moment; all but ``connections_open`` and ``bytes_in_flight`` only grow."""

    accepted: int
    """Records made durable and acknowledged."""
    accepted_bytes: int
    refused: dict[str, int]
    """Refusals by stable reason; a message refused for several recipients counts once for each reply."""
    weird: dict[str, int]
    """Odd behaviour that was survived, by stable name (``pipelined_after_starttls``, ``handshake_failed`` …)."""
    connections: int
    connections_open: int
    tls_sessions: int
    bytes_in_flight: int


@dataclass(slots=True)
class IntakeCounters:
    """Counts in one event loop: no lock."""

    accepted: int = 0
    accepted_bytes: int = 0
    connections: int = 0
    connections_open: int = 0
    tls_sessions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    weird: Counter[str] = field(default_factory=Counter)

    def snapshot(self, bytes_in_flight: int) -> IntakeSnapshot:
        """A copy that does not change any more."""
        return IntakeSnapshot(
            accepted=self.accepted,
            accepted_bytes=self.accepted_bytes,
            refused=dict(self.refused),
            weird=dict(self.weird),
            connections=self.connections,
            connections_open=self.connections_open,
            tls_sessions=self.tls_sessions,
            bytes_in_flight=bytes_in_flight,
        )
