"""Groups of sessions in which something happened often enough, with where they point: the common way of rules that count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.incidents.far_ends import far_ends
from ingest.incidents.finding import FarEnds
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of
from ingest.store.query import COUNT, Filter, Row


def hit_groups(scene: Scene, by: Sequence[str], where: Sequence[Filter], hit: Filter, least: int) -> Iterator[tuple[Key, Row, FarEnds]]:
    """Each group of the sessions ``where``, ``by`` these keys, that holds at least ``least`` sessions with ``hit``: its key,
    its row of ``hit_metrics``, and the far ends of its hits. Rows are asked for only where there were enough hits."""
    counted = scene.groups("sessions", by, (*where, hit), metrics=(COUNT,))
    found = {key_of(row, by) for row in counted if row["count"] >= least}
    if not found:
        return
    among = (by[0], {str(key[0]) for key in found})
    rows = scene.groups("sessions", by, where, among=among, metrics=hit_metrics(hit))
    far = far_ends(scene, *among, (*where, hit))
    for row in rows:
        key = key_of(row, by)
        if key in found:
            yield key, row, far[key[0], key[-1]]
