"""Where findings point: the countries and networks of the sessions that show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ingest.incidents.finding import FarEnds
from ingest.incidents.scene import Key, Scene, key_of
from ingest.store.query import COUNT, Filter, Row, Scalar

COUNTRY, NETWORK = "far_end.geo.country_iso_code", "far_end.network"


def far_ends(
    scene: Scene, field: str, values: Iterable[Scalar], where: Iterable[Filter], since: datetime | None = None
) -> dict[Key, FarEnds]:
    """Countries, networks and servers by (value of ``field``, tenant), in one question for all values."""
    by = (field, COUNTRY, NETWORK, "destination.ip")
    found: dict[Key, list[Row]] = {}
    for row in scene.groups("sessions", by, where, among=(field, values), since=since, metrics=(COUNT,)):
        found.setdefault(key_of(row, (field,)), []).append(row)
    return {key: FarEnds(*(_values(rows, name) for name in by[1:])) for key, rows in found.items()}


def _values(rows: Iterable[Row], name: str) -> frozenset[str]:
    return frozenset(str(row[name]) for row in rows if row[name] is not None)
