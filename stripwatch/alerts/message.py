"""What people are told, as plain text. Pure; what senders and servers wrote is made visible and clipped."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.shapes import words
from dashboards.shapes.text import visible
from ingest.incidents.model import Incident

MOST = 20
"""Incidents that one message names."""
LONGEST = 600
"""Characters of an incident's summary."""


def title(incidents: Sequence[Incident]) -> str:
    """``incidents`` with the gravest first, at least one."""
    gravest = incidents[0]
    if len(incidents) == 1:
        return f"stripwatch: {gravest.severity}: {words.rule(gravest.rule).title}"
    return f"stripwatch: {len(incidents)} incidents, the gravest {gravest.severity}"


def body(incidents: Sequence[Incident], dashboard_url: str | None) -> str:
    """A paragraph an incident."""
    parts = [_paragraph(incident, dashboard_url) for incident in incidents[:MOST]]
    if len(incidents) > MOST:
        parts.append(f"… and {len(incidents) - MOST} more.")
    return "\n\n".join(parts)


def _paragraph(incident: Incident, dashboard_url: str | None) -> str:
    summary = visible(incident.summary)
    clipped = summary if len(summary) <= LONGEST else summary[:LONGEST] + "…"
    link = f"\n{dashboard_url.rstrip('/')}/incidents/{incident.id}" if dashboard_url else ""
    whose = f", {visible(incident.tenant)}" if incident.tenant else ""
    return f"{incident.severity}{whose}: {clipped}{link}"
