"""Where findings point: the countries and networks of the sessions that show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ingest.incidents.finding import FarEnds
from ingest.incidents.scene import Key, Scene, key_of
from ingest.store.query import COUNT, Filter, Row, Scalar

COUNTRY, NETWORK = "far_end.geo.country_iso_code", "far_end.network"
_SERVER = ("destination.ip", "destination.domain")


def far_ends(
    scene: Scene, field: str, values: Iterable[Scalar], where: Iterable[Filter], since: datetime | None = None
) -> dict[Key, FarEnds]:
    """Countries, networks and servers by (value of ``field``, tenant), in one question for all values."""
    by = tuple(dict.fromkeys((field, COUNTRY, NETWORK, *_SERVER)))
    found: dict[Key, list[Row]] = {}
    for row in scene.groups("sessions", by, where, among=(field, values), since=since, metrics=(COUNT,)):
        found.setdefault(key_of(row, (field,)), []).append(row)
    return {key: ends(rows, _SERVER) for key, rows in found.items()}


def ends(rows: Iterable[Row], server: Sequence[str]) -> FarEnds:
    """Where groups with country and network among their keys point; ``server`` are the keys that name a server."""
    rows = list(rows)
    return FarEnds(_values(rows, COUNTRY), _values(rows, NETWORK), frozenset[str]().union(*(_values(rows, name) for name in server)))


def _values(rows: Iterable[Row], name: str) -> frozenset[str]:
    """Names compare without case."""
    fold = str.lower if name.endswith(("domain", "hostname")) else str
    return frozenset(fold(row[name]) for row in rows if row[name] is not None)
