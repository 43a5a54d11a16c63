"""What a rule is given: a store to ask, the window to judge, the thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.incidents.change import Bucket, Episode, Share
from ingest.incidents.groups import TIMES, grouped, grouped_by_lot
from ingest.incidents.settings import Settings
from ingest.incidents.window import Window
from ingest.store.protocol import StoreReader
from ingest.store.query import Filter, Interval, Metric, Query, Row, Scalar

Key = tuple[Scalar | None, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """``newest`` is the time of the newest session in the window: the day that it stands in may not be over yet.
    Nothing after the window is ever looked at, so nothing that happens later changes what it says."""

    store: StoreReader
    window: Window
    settings: Settings
    newest: datetime

    @property
    def lead_begin(self) -> datetime:
        return self.window.begin - self.settings.lead

    @property
    def memory_begin(self) -> datetime:
        return self.lead_begin - self.settings.memory

    def groups(
        self,
        dataset: str,
        by: Sequence[str],
        where: Iterable[Filter],
        *,
        among: tuple[str, Iterable[Scalar]] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        interval: Interval | None = None,
        metrics: tuple[Metric, ...] = TIMES,
    ) -> list[Row]:
        """Grouped figures of the window, or from ``since`` to ``until``; tenants are never mixed. ``among`` names a
        group key and the values that are asked about, in lots."""
        query = Query(
            dataset=dataset,
            since=since or self.window.begin,
            until=until or self.window.end,
            where=tuple(where),
            group_by=(*by, "tenant"),
            interval=interval,
            metrics=metrics,
        )
        return grouped(self.store, query) if among is None else grouped_by_lot(self.store, query, *among)

    def current(self, episodes: Iterable[Episode]) -> list[Episode]:
        """The episodes that reach into the window: the lead before it is the earlier window's to tell."""
        return [episode for episode in episodes if episode.buckets[-1].begin >= self.window.begin]


def key_of(row: Row, fields: Iterable[str]) -> Key:
    return tuple(row[name] for name in (*fields, "tenant"))


def series(rows: Iterable[Row], fields: Sequence[str]) -> dict[Key, list[Bucket]]:
    """Rows with an interval and the metrics ``hits count first last`` as buckets by key, in the order of time."""
    found: dict[Key, list[Bucket]] = {}
    for row in sorted(rows, key=lambda row: row["@timestamp"]):
        share = Share(row["hits"], row["count"])
        found.setdefault(key_of(row, fields), []).append(Bucket(row["@timestamp"], share, row["first"], row["last"]))
    return found


def shares(rows: Iterable[Row], fields: Sequence[str]) -> dict[Key, Share]:
    """Rows with the metrics ``hits count`` as shares by key."""
    return {key_of(row, fields): Share(row["hits"], row["count"]) for row in rows}


def hit_metrics(*hit: Filter) -> tuple[Metric, ...]:
    """``count`` of a group, ``hits`` among them, and the times of the ``first`` and ``last`` hit."""
    return (
        Metric("count"),
        Metric("hits", "count", None, hit),
        Metric("first", "min", "@timestamp", hit),
        Metric("last", "max", "@timestamp", hit),
    )
