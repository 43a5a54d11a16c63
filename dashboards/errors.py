"""Errors of the dashboards.

DashboardError
 ├─ BadRequest        the address or the body cannot be understood: 400
 ├─ NotFound          no such document or dead letter: 404
 └─ ForeignRequest    a form posted from another site: 403
"""

from __future__ import annotations


class DashboardError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word, ``status`` the HTTP status that says it."""

    reason = "dashboard_error"
    status = 500


class BadRequest(DashboardError):
    reason = "bad_request"
    status = 400


class NotFound(DashboardError):
    reason = "not_found"
    status = 404


class ForeignRequest(DashboardError):
    reason = "foreign_request"
    status = 403
