"""Who is told of incidents, and of which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from ingest.incidents.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Whom ``serve`` tells of incidents that are new or have become graver: once each, several in one message. Of several services
    on one store, one does it."""

    urls: tuple[str, ...] = field(default=(), repr=False)
    """Addresses as Apprise writes them: ``mailto://…``, ``slack://…``, ``json://…`` and a hundred more. They hold passwords: better in
    STRIPWATCH_ALERTS_URLS. None: nobody is told."""
    severity: Severity = "high"
    """Incidents less grave than this are not told."""
    rules: tuple[str, ...] = ()
    """Only incidents of these rules; none: of all."""
    fresh_days: float = 7.0
    """Incidents that were last seen longer ago are not told: captures and reports of old are looked at, and no news."""
    again_days: float = 30.0
    """What goes on in another month is told again when so long has passed since it was told."""
    dashboard_url: str | None = None
    """Where people reach the dashboard, ``https://…``: each incident is told with its page."""

    def __post_init__(self) -> None:
        if self.rules:
            from ingest.incidents.rules import RULES  # not loaded by commands that judge nothing

            unknown = sorted(set(self.rules) - set(RULES))
            if unknown:
                raise ValueError(f"rules: {unknown[0]} is none of {', '.join(RULES)}")
        if self.dashboard_url is not None and not self.dashboard_url.startswith(("http://", "https://")):
            raise ValueError("dashboard_url begins with https:// or http://")

    @property
    def fresh(self) -> timedelta:
        return timedelta(days=self.fresh_days)

    @property
    def again(self) -> timedelta:
        return timedelta(days=self.again_days)
