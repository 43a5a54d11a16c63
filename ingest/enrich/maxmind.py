"""Places from MaxMind-format files (.mmdb): GeoLite2 or GeoIP2 Country/City and ASN, DB-IP, IPinfo Lite.

The reader is opened once and kept: reopening it for each look-up is what makes others slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import maxminddb

from ingest.enrich.errors import PlaceDataError
from ingest.enrich.place import UNKNOWN, Place, SourceAge


class MaxMindFiles:
    """One or more files asked in order; a country file and an ASN file complete each other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Open the files. Raises PlaceDataError when one is missing or is no MaxMind-format file."""
        self._readers: list[maxminddb.Reader] = []
        for path in paths:
            try:
                self._readers.append(maxminddb.open_database(path))
            except (OSError, maxminddb.InvalidDatabaseError) as error:
                raise PlaceDataError(f"{path}: {error}") from error

    def lookup(self, address: str) -> Place:
        place = UNKNOWN
        for reader in self._readers:
            try:
                found = reader.get(address)
            except ValueError:  # an IPv6 address in an IPv4-only file
                continue
            if isinstance(found, dict):
                place = place.completed_by(_place(found))
        return place

    def age(self) -> SourceAge:
        kinds = ", ".join(reader.metadata().database_type for reader in self._readers)
        return SourceAge(kinds, self._oldest(), "your MaxMind-format files")

    def _oldest(self) -> date | None:
        epochs = [reader.metadata().build_epoch for reader in self._readers]
        return datetime.fromtimestamp(min(epochs), UTC).date() if epochs else None


def _place(found: dict[str, Any]) -> Place:
    return Place(_country(found), _as_number(found), _operator(found), _kind(found))


def _country(found: dict[str, Any]) -> str | None:
    """GeoIP2 nests ``country.iso_code``; IPinfo has ``country_code`` (Lite) or a bare ``country``."""
    for key in ("country", "registered_country"):
        value = found.get(key)
        if isinstance(value, dict) and isinstance(value.get("iso_code"), str):
            return str(value["iso_code"]).upper()
    for key in ("country_code", "country"):
        value = found.get(key)
        if isinstance(value, str) and len(value) == 2:
            return value.upper()
    return None


def _as_number(found: dict[str, Any]) -> int | None:
    number = found.get("autonomous_system_number", found.get("asn"))
    if isinstance(number, int):
        return number
    if isinstance(number, str) and number.upper().removeprefix("AS").isdecimal():
        return int(number.upper().removeprefix("AS"))
    return None


def _operator(found: dict[str, Any]) -> str | None:
    name = found.get("autonomous_system_organization", found.get("as_name"))
    return name if isinstance(name, str) and name else None


def _kind(found: dict[str, Any]) -> str | None:
    kind = found.get("as_type", found.get("user_type"))
    return kind if isinstance(kind, str) and kind else None
