"""What a rule says of one window, before anybody asked what the other sources say or what a person decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from ingest.identity import digest
from ingest.incidents.severity import Severity
from ingest.incidents.window import Window
from ingest.store.query import Scalar

Source = Literal["wire", "tlsrpt", "dmarc"]
Scope = Literal["path", "country", "server", "client", "network", "sender", "pair"]
Kind = Literal["starttls", "certificate", "sts", "dane", "validation"]
"""Of failures in TLS reports."""
STRIPPING: tuple[Kind, ...] = ("starttls", "validation")
"""What a stripped offer or command, or a broken handshake, makes a sender report."""
MISMATCH: tuple[Kind, ...] = ("certificate", "sts", "dane")
"""What a certificate that does not fit makes it report."""
Values = tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class FarEnds:
    """Where a finding points: what the tap and the reports can agree on."""

    countries: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    """Addresses and lower-case names of servers: of ours, every sender's reports speak, so a finding keeps them only
    where it is about the server itself."""

    def plus(self, other: FarEnds) -> FarEnds:
        return FarEnds(self.countries | other.countries, self.networks | other.networks, self.servers | other.servers)

    @property
    def elsewhere(self) -> FarEnds:
        """Without the servers: for what lies between the tap and the far end."""
        return FarEnds(self.countries, self.networks)

    @property
    def here(self) -> FarEnds:
        """The servers alone: for what our own server or a device before it does to everybody."""
        return FarEnds(servers=self.servers)

    @property
    def country(self) -> str | None:
        """The country, when there is just one."""
        return next(iter(self.countries)) if len(self.countries) == 1 else None

    def meets(self, other: FarEnds) -> bool:
        return bool(self.countries & other.countries or self.networks & other.networks or self.servers & other.servers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``where`` are filters of ``dataset`` that, from ``first_seen`` to ``last_seen``, give all its evidence.
    ``affected`` of ``total`` are sessions or messages. ``text`` is the summary's first sentence or two."""

    rule: str
    scope: Scope
    subject: str
    dataset: str
    where: Mapping[str, Values]
    affected: int
    total: int
    first_seen: datetime
    last_seen: datetime
    severity: Severity
    text: str
    source: Source = "wire"
    kind: str = ""
    """Tells findings apart that share rule, scope and subject."""
    tenant: str | None = None
    direction: str | None = None
    country: str | None = None
    path: str | None = None
    far: FarEnds = field(default_factory=FarEnds)
    reported_as: tuple[Kind, ...] = ()
    """The failures in TLS reports that can speak of the same thing."""

    @property
    def reach(self) -> datetime:
        """When what it speaks of ends: a report's time is its begin, and it covers a day (RFC 8460 §4.1)."""
        return self.last_seen + timedelta(days=1 if self.source == "tlsrpt" else 0)

    def id(self, window: Window) -> str:
        """The same for the same rule, subject and window, whatever the counts and whenever it is evaluated."""
        parts = (self.rule, self.scope, self.subject, self.kind, self.direction or "", self.tenant or "")
        return digest("incident", *parts, window.begin.isoformat())
