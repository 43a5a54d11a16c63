"""What a server does not do on a path, though it is known to: the memory behind ``offer_removed``, ``starttls_refused`` and
``certificate_changed``.

Nothing looks odd in one such session, so only memory can tell. A run of hours in which not one session on a path showed
what is looked for is a finding when it holds enough sessions and the same server (address and port) showed it before on
this path, or shows it on others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.incidents.change import NOTHING, Bucket, Demand, Episode, Share, episodes, pooled, proves
from ingest.incidents.far_ends import far_ends
from ingest.incidents.finding import FarEnds, Finding, Kind, Values
from ingest.incidents.groups import exists, text_or_none
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of, series, shares
from ingest.incidents.sentence import minute, share_text
from ingest.incidents.severity import Severity, graded
from ingest.store.query import COUNT, Filter, Interval, Metric, Row

ADDRESS = "destination.ip"
SERVER = (ADDRESS, "destination.port")
PATH = (*SERVER, "network.path", "network.direction")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lack:
    """What is looked for."""

    counted: tuple[Filter, ...]
    """Sessions that count for or against."""
    missing: Filter
    """Those of them that lack it."""


@dataclass(frozen=True, slots=True)
class Server:
    """What one server does not do on one path: in how many of its sessions, and from when to when."""

    address: str
    port: int | None
    path: str
    direction: str | None
    tenant: str | None
    found: Share
    first_seen: datetime
    last_seen: datetime
    far: FarEnds

    @property
    def key(self) -> Key:
        """``PATH`` and the tenant."""
        return self.address, self.port, self.path, self.direction, self.tenant

    def lacked(self, what: str) -> str:
        """The first half of a sentence: what it did not do, how often and since when."""
        share, since = share_text(self.found.hits, self.found.total), minute(self.first_seen)
        return f"{self.address} port {self.port} {what} in {share} since {since} on {self.path}"


@dataclass(frozen=True, slots=True)
class Removal:
    """A server that lacks something on a path in episodes, and who says that it is not so otherwise."""

    server: Server
    normal: Share
    across_paths: bool

    def told(self, lacking: str, otherwise: str) -> str:
        """The sentence: what it did not do, since when, and where or when it did."""
        often = f"{self.normal.misses:,} of {self.normal.total:,}"
        known = f"in {often} on other paths" if self.across_paths else f"in {often} earlier ones on this path"
        return f"{self.server.lacked(lacking)}, but {otherwise} {known}."


@dataclass(frozen=True, slots=True)
class History:
    """What a path, or a server on all its paths, shows: long ago, and bucket by bucket."""

    memory: Share
    buckets: Sequence[Bucket]

    def until(self, time: datetime) -> Share:
        """All of it up to the end of ``time``'s day: what a server does only later proves nothing."""
        end = time.replace(hour=0) + _DAY
        return self.memory.plus(pooled(bucket.share for bucket in self.buckets if bucket.begin < end))


Found = tuple[Key, list[Episode], Share, bool]
"""Key, which begins with ``PATH`` and ends with the tenant, episodes, what is normal, and whether other paths say so."""


def removals(scene: Scene, lack: Lack) -> list[Removal]:
    """By server and path."""
    servers = _mixed_servers(scene, lack)
    return gathered(scene, _removals(scene, lack, servers), (*lack.counted, lack.missing)) if servers else []


def gathered(scene: Scene, found: Iterable[Found], shown: tuple[Filter, ...]) -> list[Removal]:
    """By server and path what was found of each, though it was compared in parts. ``shown``: the sessions that show it."""
    parts: dict[Key, list[Found]] = {}
    for one in found:
        parts.setdefault(path_of(one[0]), []).append(one)
    if not parts:
        return []
    far = far_ends(scene, "network.path", {str(key[2]) for key in parts}, shown, since=scene.lead_begin)
    return [_gathered(key, some, far[key[2], key[-1]]) for key, some in parts.items()]


def _gathered(key: Key, found: list[Found], far: FarEnds) -> Removal:
    runs = [episode for _, episodes_of_one, *_ in found for episode in episodes_of_one]
    times = min(episode.first_seen for episode in runs), max(episode.last_seen for episode in runs)
    return Removal(
        server=server(key, pooled(episode.found for episode in runs), times, far),
        normal=pooled(normal for *_, normal, _ in found),
        across_paths=any(across for *_, across in found),
    )


def server(key: Key, found: Share, times: tuple[datetime, datetime], far: FarEnds) -> Server:
    """A server on a path, by a key that begins with ``PATH`` and ends with the tenant."""
    port = None if key[1] is None else int(key[1])
    return Server(str(key[0]), port, str(key[2]), text_or_none(key[3]), text_or_none(key[-1]), found, *times, far)


def finding(rule: str, where: Mapping[str, Values], one: Server, most: Severity, text: str, reported_as: tuple[Kind, ...]) -> Finding:
    """One server's, on one path. ``where`` selects what shows it among the server's sessions on the path."""
    here: dict[str, Values] = {ADDRESS: (one.address,), "network.path": (one.path,), **where}
    return Finding(
        rule=rule,
        scope="server",
        subject=f"{one.address} port {one.port} on {one.path}",
        dataset="sessions",
        where=here if one.port is None else {**here, "destination.port": (one.port,)},
        affected=one.found.hits,
        total=one.found.total,
        first_seen=one.first_seen,
        last_seen=one.last_seen,
        severity=graded(one.found.hits, one.found.total, most),
        text=text,
        tenant=one.tenant,
        direction=one.direction,
        country=one.far.country,
        path=one.path,
        far=one.far if one.direction == "inbound" else one.far.elsewhere,
        reported_as=reported_as,
    )


def _mixed_servers(scene: Scene, lack: Lack) -> set[str]:
    """Addresses of servers with enough sessions that lack it and enough that do not: all others are left out."""
    rows = scene.groups(
        "sessions",
        SERVER,
        lack.counted,
        since=scene.memory_begin,
        metrics=(Metric("count"), Metric("hits", "count", None, (lack.missing,))),
    )
    sample, reference = scene.settings.min_sample, scene.settings.min_reference
    return {str(row[ADDRESS]) for row in rows if row["hits"] >= sample and row["count"] - row["hits"] >= reference}


def _removals(scene: Scene, lack: Lack, servers: set[str]) -> list[Found]:
    """Only paths that lack it often enough are looked at hour by hour: a busy server has thousands of others."""
    missing = scene.groups(
        "sessions",
        PATH,
        (*lack.counted, lack.missing, exists("network.path")),
        among=(ADDRESS, servers),
        since=scene.lead_begin,
        metrics=(COUNT,),
    )
    keys = {key_of(row, PATH) for row in missing if row["count"] >= scene.settings.min_sample}
    if not keys:
        return []
    paths = _histories(scene, lack, PATH, ("network.path", {str(key[2]) for key in keys}), "hour")
    whole = _histories(scene, lack, SERVER, (ADDRESS, {str(key[0]) for key in keys}), "day")
    return told_apart(scene, keys, paths, whole)


def _histories(scene: Scene, lack: Lack, by: tuple[str, ...], among: tuple[str, set[str]], interval: Interval) -> dict[Key, History]:
    metrics = hit_metrics(lack.missing)
    recent = scene.groups("sessions", by, lack.counted, among=among, since=scene.lead_begin, interval=interval, metrics=metrics)
    past = scene.groups("sessions", by, lack.counted, among=among, since=scene.memory_begin, until=scene.lead_begin, metrics=metrics)
    return histories(recent, past, by)


def histories(recent: Iterable[Row], past: Iterable[Row], by: Sequence[str]) -> dict[Key, History]:
    """What each key shows, out of rows with the metrics ``hits count first last``: by hour or day, and all before that."""
    memory = shares(past, by)
    return {key: History(memory.get(key, NOTHING), buckets) for key, buckets in series(recent, by).items()}


def told_apart(scene: Scene, keys: Iterable[Key], paths: Mapping[Key, History], servers: Mapping[Key, History]) -> list[Found]:
    """Those of the keys that lack what their own past or other paths show. A key begins with ``PATH`` and ends with the
    tenant; what stands between is the server's too: like is compared with like."""
    found = (_removed(scene, key, paths[key], servers[server_of(key)]) for key in sorted(keys, key=str))
    return [removal for removal in found if removal is not None]


def _removed(scene: Scene, key: Key, path: History, server: History) -> Found | None:
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


def path_of(key: Key) -> Key:
    """A path's key with nothing but ``PATH`` and the tenant."""
    return (*key[: len(PATH)], key[-1])


def server_of(key: Key) -> Key:
    """The server's key out of a path's."""
    return (*key[: len(SERVER)], *key[len(PATH) :])
