"""Groups of sessions in which something happened often enough, with where they point: the common way of rules that count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.incidents.change import Share
from ingest.incidents.far_ends import far_ends
from ingest.incidents.finding import FarEnds, Finding, Scope, Values
from ingest.incidents.groups import text_or_none
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import Severity, graded
from ingest.store.query import COUNT, Filter, Row

DIRECTION = "network.direction"


@dataclass(frozen=True, slots=True)
class HitGroup:
    """One group: its key, which ends with ``DIRECTION`` and the tenant, its row of ``hit_metrics``, the far ends of its hits."""

    key: Key
    row: Row
    far: FarEnds

    @property
    def share(self) -> Share:
        return Share(self.row["hits"], self.row["count"])

    @property
    def direction(self) -> str | None:
        return text_or_none(self.key[-2])

    def told(self, what: str = "session") -> str:
        """``12 of 12 sessions (at least 75 %)``."""
        return share_text(*self.share, what)

    def finding(
        self, rule: str, scope: Scope, subject: str, where: Mapping[str, Values], most: Severity, text: str, kind: str = ""
    ) -> Finding:
        """What the group shows; ``where`` selects its hits."""
        direction = self.direction
        return Finding(
            rule=rule,
            scope=scope,
            subject=subject,
            kind=kind,
            dataset="sessions",
            where=where if direction is None else {**where, DIRECTION: (direction,)},
            affected=self.share.hits,
            total=self.share.total,
            first_seen=self.row["first"],
            last_seen=self.row["last"],
            severity=graded(*self.share, most),
            text=text,
            tenant=text_or_none(self.key[-1]),
            direction=direction,
            country=self.far.country,
            far=self.far.elsewhere,
        )


def hit_groups(scene: Scene, by: Sequence[str], where: Sequence[Filter], hit: Filter, least: int) -> Iterator[HitGroup]:
    """Each group of the sessions ``where``, ``by`` these keys and ``DIRECTION``, that holds at least ``least`` sessions with ``hit``.
    Rows are asked for only where there were enough hits."""
    by = (*by, DIRECTION)
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
            yield HitGroup(key, row, far[key[0], key[-1]])
