"""The default places: the plevin country and network data sets, installed as wheels and rebuilt by their makers often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib import resources
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from ingest.enrich.place import UNKNOWN, Place, SourceAge

ROWS = 16_384
"""Rows of each data set whose place is kept."""


class PackagedPlaces:
    """Country from ``plevin-db-country``, AS from ``plevin-db-network``; either may be missing. Some microseconds for
    an address that is unknown or stands in a row asked for before, else 0.1 ms."""

    def __init__(self) -> None:
        self._country = _Rows(_open("plevin_db_country"), _country)
        self._network = _Rows(_open("plevin_db_network"), _network)

    def lookup(self, address: str) -> Place:
        wide = ":" in address
        number = int.from_bytes(inet_pton(AF_INET6 if wide else AF_INET, address.partition("%")[0]), "big")
        country, network = self._country.place(address, number, wide), self._network.place(address, number, wide)
        if network is UNKNOWN:
            return country
        return replace(network, country=country.country) if country.country else network

    def age(self) -> SourceAge:
        built = [date.fromisoformat(str(rows.database.built)) for rows in (self._country, self._network) if rows.database is not None]
        return SourceAge("plevin", min(built, default=None), "plevin (plevin.tn3w.dev), under the licences of its sources")


def _open(package: str) -> Any:
    """The package's data file, opened; None when the package is not installed."""
    try:
        import plevin

        folder = resources.files(package) / "data"
    except ModuleNotFoundError:
        return None
    with resources.as_file(folder) as path:
        files = sorted(path.glob("*.plv"))
    return plevin.Plevin(str(files[0])) if files else None


class _Rows:
    """A data set's rows as places. Most of a look-up's time goes into spelling the answer out: once a row is enough."""

    def __init__(self, database: Any, placed: Callable[[Any], Place]) -> None:
        self.database = database
        self._placed = placed
        self._places: dict[object, Place] = {}

    def place(self, address: str, number: int, wide: bool) -> Place:
        """``number`` is the address', ``wide`` says that it is IPv6. UNKNOWN where the data set says nothing, or is not there."""
        if self.database is None:
            return UNKNOWN
        row = self.database.file.locate(number, wide)
        if row is None:
            return UNKNOWN
        place = self._places.get(row)
        if place is None:
            if len(self._places) >= ROWS:
                self._places.clear()
            place = self._places[row] = self._placed(self.database.lookup(address))
        return place


def _country(found: Any) -> Place:
    code = getattr(getattr(found.place, "country", None), "code", None)
    return Place(code) if code else UNKNOWN


def _network(found: Any) -> Place:
    network = found.network
    if network is None:
        return UNKNOWN
    operator = network.operator
    name = (operator.company or operator.brand) if operator is not None else None
    return Place(network.country, network.asn, name or network.handle, operator.category if operator is not None else None)
