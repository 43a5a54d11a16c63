"""Which incidents somebody is to be told of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ingest.identity import digest
from ingest.incidents.model import Incident
from ingest.incidents.severity import LADDER
from stripwatch.alerts.settings import AlertSettings
from stripwatch.alerts.told import Told


def due(incidents: Iterable[Incident], told: Mapping[str, Told], settings: AlertSettings, now: datetime) -> list[Incident]:
    """The incidents that are news to somebody who was told this much, the gravest first; of one condition, which has an incident a
    month, the newest."""
    newest: dict[str, Incident] = {}
    for incident in sorted(incidents, key=lambda one: one.window_begin):
        if is_told(incident, settings, now):
            newest[condition(incident)] = incident
    news = [one for key, one in newest.items() if _is_news(one, told.get(key), settings, now)]
    return sorted(news, key=lambda one: (-LADDER.index(one.severity), -one.lower, one.id))


def is_told(incident: Incident, settings: AlertSettings, now: datetime) -> bool:
    """Whether it is one that people want to be told of at all."""
    grave = LADDER.index(incident.severity) >= LADDER.index(settings.severity)
    wanted = not settings.rules or incident.rule in settings.rules
    return grave and wanted and incident.state == "open" and not incident.withdrawn and now - incident.last_seen <= settings.fresh


def condition(incident: Incident) -> str:
    """The same for the incidents of all months about one thing."""
    parts = (incident.rule, incident.scope, incident.subject, incident.kind, incident.direction, incident.tenant)
    return digest("condition", *(part or "" for part in parts))


def _is_news(incident: Incident, told: Told | None, settings: AlertSettings, now: datetime) -> bool:
    if told is None or LADDER.index(incident.severity) > LADDER.index(told.severity):
        return True
    return incident.id != told.incident and now - told.at > settings.again
