"""What a server does not do on a path, though it is known to: the memory behind ``offer_removed`` and ``starttls_refused``.

Nothing looks odd in one such session, so only memory can tell. A run of hours in which not one session on a path showed
what is looked for is a finding when it holds enough sessions and the same server (address and port) showed it before on
this path, or shows it on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.incidents.change import NOTHING, Bucket, Demand, Episode, Share, episodes, pooled, proves
from ingest.incidents.far_ends import far_ends
from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import exists, text_or_none
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of, series, shares
from ingest.incidents.sentence import minute, share_text
from ingest.incidents.severity import Severity, graded
from ingest.store.query import COUNT, Filter, Interval, Metric

_ADDRESS = "destination.ip"
_SERVER = (_ADDRESS, "destination.port")
_PATH = (*_SERVER, "network.path", "network.direction")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lack:
    """What is looked for."""

    rule: str
    counted: tuple[Filter, ...]
    """Sessions that count for or against."""
    missing: Filter
    """Those of them that lack it."""
    where: dict[str, Values]
    """The same as a selection of evidence."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What one path's server shows: episodes of the lack, and who says that it is not so otherwise."""

    address: str
    port: int | None
    path: str
    direction: str | None
    tenant: str | None
    found: Share
    first_seen: datetime
    last_seen: datetime
    normal: Share
    across_paths: bool
    far: FarEnds

    def told(self, lacking: str, otherwise: str) -> str:
        """The sentence: what it did not do, since when, and where or when it did."""
        often = f"{self.normal.misses:,} of {self.normal.total:,}"
        known = f"in {often} on other paths" if self.across_paths else f"in {often} earlier ones on this path"
        share, since = share_text(self.found.hits, self.found.total), minute(self.first_seen)
        return f"{self.address} port {self.port} {lacking} in {share} since {since} on {self.path}, but {otherwise} {known}."


@dataclass(frozen=True, slots=True)
class _History:
    """What a path, or a server on all its paths, shows: long ago, and bucket by bucket."""

    memory: Share
    buckets: Sequence[Bucket]

    def until(self, time: datetime) -> Share:
        """All of it up to the end of ``time``'s day: what a server does only later proves nothing."""
        end = time.replace(hour=0) + _DAY
        return self.memory.plus(pooled(bucket.share for bucket in self.buckets if bucket.begin < end))


_Found = tuple[Key, list[Episode], Share, bool]
"""Key, episodes, what is normal, and whether other paths say so."""


def removals(scene: Scene, lack: Lack) -> list[Removal]:
    """By server and path."""
    servers = _mixed_servers(scene, lack)
    found = _removals(scene, lack, servers) if servers else []
    if not found:
        return []
    paths = {str(key[2]) for key, *_ in found}
    far = far_ends(scene, "network.path", paths, (*lack.counted, lack.missing), since=scene.lead_begin)
    return [
        Removal(
            address=str(key[0]),
            port=None if key[1] is None else int(key[1]),
            path=str(key[2]),
            direction=text_or_none(key[3]),
            tenant=text_or_none(key[-1]),
            found=pooled(episode.found for episode in runs),
            first_seen=min(episode.first_seen for episode in runs),
            last_seen=max(episode.last_seen for episode in runs),
            normal=normal,
            across_paths=across_paths,
            far=far[key[2], key[-1]],
        )
        for key, runs, normal, across_paths in found
    ]


def finding(lack: Lack, removal: Removal, most: Severity, text: str) -> Finding:
    """One server's, on one path."""
    where: dict[str, Values] = {_ADDRESS: (removal.address,), "network.path": (removal.path,), **lack.where}
    return Finding(
        rule=lack.rule,
        scope="server",
        subject=f"{removal.address} port {removal.port} on {removal.path}",
        dataset="sessions",
        where=where if removal.port is None else {**where, "destination.port": (removal.port,)},
        affected=removal.found.hits,
        total=removal.found.total,
        first_seen=removal.first_seen,
        last_seen=removal.last_seen,
        severity=graded(removal.found.hits, removal.found.total, most),
        text=text,
        tenant=removal.tenant,
        direction=removal.direction,
        country=removal.far.country,
        path=removal.path,
        far=removal.far if removal.direction == "inbound" else removal.far.elsewhere,
        reportable=True,
    )


def _mixed_servers(scene: Scene, lack: Lack) -> set[str]:
    """Addresses of servers with enough sessions that lack it and enough that do not: all others are left out."""
    rows = scene.groups(
        "sessions",
        _SERVER,
        lack.counted,
        since=scene.memory_begin,
        metrics=(Metric("count"), Metric("hits", "count", None, (lack.missing,))),
    )
    sample, reference = scene.settings.min_sample, scene.settings.min_reference
    return {str(row[_ADDRESS]) for row in rows if row["hits"] >= sample and row["count"] - row["hits"] >= reference}


def _removals(scene: Scene, lack: Lack, servers: set[str]) -> list[_Found]:
    """Only paths that lack it often enough are looked at hour by hour: a busy server has thousands of others."""
    missing = scene.groups(
        "sessions",
        _PATH,
        (*lack.counted, lack.missing, exists("network.path")),
        among=(_ADDRESS, servers),
        since=scene.lead_begin,
        metrics=(COUNT,),
    )
    keys = {key_of(row, _PATH) for row in missing if row["count"] >= scene.settings.min_sample}
    if not keys:
        return []
    paths = _histories(scene, lack, _PATH, ("network.path", {str(key[2]) for key in keys}), "hour")
    whole = _histories(scene, lack, _SERVER, (_ADDRESS, {str(key[0]) for key in keys}), "day")
    found = (_removal(scene, key, paths[key], whole[_server(key)]) for key in sorted(keys, key=str))
    return [removal for removal in found if removal is not None]


def _histories(scene: Scene, lack: Lack, by: tuple[str, ...], among: tuple[str, set[str]], interval: Interval) -> dict[Key, _History]:
    metrics = hit_metrics(lack.missing)
    recent = series(scene.groups("sessions", by, lack.counted, among=among, since=scene.lead_begin, interval=interval, metrics=metrics), by)
    past = scene.groups("sessions", by, lack.counted, among=among, since=scene.memory_begin, until=scene.lead_begin, metrics=metrics)
    memory = shares(past, by)
    return {key: _History(memory.get(key, NOTHING), buckets) for key, buckets in recent.items()}


def _removal(scene: Scene, key: Key, path: _History, server: _History) -> _Found | None:
    """The path's own past speaks first; where it has none, the server's other paths do."""
    settings = scene.settings
    demand = Demand(1.0, 0.0, settings.min_sample, settings.min_reference, settings.significance)
    before = scene.current(episodes(path.buckets, path.memory, demand))
    if before:
        return key, before, before[0].normal, False

    def elsewhere(until: datetime) -> Share:
        return server.until(until).minus(path.until(until))

    runs = scene.current(episodes(path.buckets, elsewhere(scene.window.end), demand))
    fair = [run for run in runs if proves(run.found, elsewhere(run.buckets[-1].begin), demand)]
    return (key, fair, elsewhere(fair[0].buckets[-1].begin), True) if fair else None


def _server(key: Key) -> Key:
    return (key[0], key[1], key[-1])
