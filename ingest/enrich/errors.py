"""Errors of the place data.

PlaceDataError   a file that configuration names cannot be read: said by ``check`` and at start, with the line
"""

from __future__ import annotations


class PlaceDataError(Exception):
    """``reason`` is a stable word; the message names the file and, for tables, the line."""

    reason = "bad_place_data"
