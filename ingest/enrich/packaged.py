"""The default places: the plevin country and network data sets, installed as wheels and rebuilt by their makers often."""

from __future__ import annotations

from datetime import date
from importlib import resources
from typing import Any

from ingest.enrich.place import UNKNOWN, Place, SourceAge


class PackagedPlaces:
    """Country from ``plevin-db-country``, AS from ``plevin-db-network``; either may be missing. About 0.1 ms a
    look-up: the enricher's cache stands before it."""

    def __init__(self) -> None:
        self._country = _open("plevin_db_country")
        self._network = _open("plevin_db_network")

    def lookup(self, address: str) -> Place:
        country = _found(self._country, address)
        network = _found(self._network, address)
        code = getattr(getattr(country.place, "country", None), "code", None) if country is not None else None
        net = network.network if network is not None else None
        if net is None:
            return Place(code) if code else UNKNOWN
        operator = net.operator
        name = (operator.company or operator.brand) if operator is not None else None
        kind = operator.category if operator is not None else None
        return Place(code or net.country, net.asn, name or net.handle, kind)

    def age(self) -> SourceAge:
        built = [date.fromisoformat(str(db.built)) for db in (self._country, self._network) if db is not None]
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


def _found(database: Any, address: str) -> Any:
    if database is None:
        return None
    result = database.lookup(address)
    return result if result.found else None
