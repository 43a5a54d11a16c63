"""What the pages read and the few things they may change, passed in by whoever starts them.

Pages read the store and write nothing but incident states and which of conflicting reports counts; dead letters are retried
by the part that keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from dashboards.settings import DashboardSettings
from ingest.store.protocol import StoreReader

State = Literal["open", "acknowledged", "closed"]
SetState = Callable[[str, State], None]
"""Sets an incident's state by its id."""
ChooseReport = Callable[[str], None]
"""Makes a report count, by its id, of all that claim its identity. Raises ConflictError."""
Clock = Callable[[], datetime]
"""Now, aware, UTC."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that came in and could not be used. ``reason`` is the stable word, ``says`` a sentence for people."""

    id: str
    at: datetime
    way: str
    reason: str
    says: str = ""
    origin: str = ""
    """Who or what brought it: an address, a file's name."""
    size: int = 0
    """Bytes."""


class DeadLetters(Protocol):
    """Where dead letters are kept."""

    def recent(self, limit: int) -> Sequence[DeadLetter]:
        """The newest, newest first."""

    def raw(self, id: str) -> bytes | None:
        """The bytes as they came; None when there is no such letter."""

    def retry(self, id: str) -> bool:
        """Put it back into the spool; False when there is no such letter."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One part's health. ``mend`` says what to do when it is not well; ``figures`` are labels and values to show."""

    name: str
    state: Literal["ok", "warning", "error"]
    says: str
    mend: str = ""
    figures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """How the service is. ``ready`` is what ``/readyz`` answers by."""

    ready: bool
    checks: tuple[HealthCheck, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that pages are made from."""

    store: StoreReader
    settings: DashboardSettings
    set_state: SetState
    choose_report: ChooseReport
    dead_letters: DeadLetters
    health: Callable[[], Health]
    clock: Clock
    metrics: Callable[[], bytes] | None = field(default=None)
    """The text of ``/metrics`` (Prometheus); without it that address is not found."""
