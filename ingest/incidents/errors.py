"""Errors of the incidents.

IncidentError
 ├─ UnknownState      a state that is none of open, acknowledged, closed
 └─ UnknownIncident   no incident with that id is stored
"""

from __future__ import annotations


class IncidentError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word."""

    reason = "incident_error"


class UnknownState(IncidentError):
    reason = "unknown_state"


class UnknownIncident(IncidentError):
    reason = "unknown_incident"
