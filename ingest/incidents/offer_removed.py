"""Rule ``offer_removed``: a server that is known to offer STARTTLS does not offer it on this path.

Nothing looks odd in one such session, so only memory can tell. What counts for or against are sessions whose EHLO
was answered, whose reply could be read, and whose verdict is neither ``incomplete`` nor a masked offer (which
``starttls_stripped`` tells). A run of hours in which not one session on a path saw the offer is a finding when it
holds enough sessions and the same server (address and port) offered before on this path, or offers on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.incidents.change import NOTHING, Bucket, Demand, Episode, Share, episodes, pooled, proves
from ingest.incidents.far_ends import far_ends
from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import exists, is_, is_not, text_or_none
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of, series, shares
from ingest.incidents.sentence import minute, share_text
from ingest.incidents.severity import graded
from ingest.store.query import COUNT, Interval, Metric

RULE = "offer_removed"
ADDRESS = "destination.ip"
SERVER = (ADDRESS, "destination.port")
PATH = (*SERVER, "network.path", "network.direction")
_DAY = timedelta(days=1)
MISSING = is_("smtp.starttls.offered", False)
COUNTED = (
    is_("smtp.ehlo", True),
    is_("smtp.starttls.offered", True, False),
    is_not("smtp.verdict", "incomplete", "stripped_offer"),
)


@dataclass(frozen=True, slots=True)
class _Removal:
    """What one path's server shows: episodes without the offer, and who says that it is otherwise offered."""

    key: Key
    found: list[Episode]
    normal: Share
    across_paths: bool


@dataclass(frozen=True, slots=True)
class _History:
    """What a path, or a server on all its paths, shows: long ago, and bucket by bucket."""

    memory: Share
    buckets: Sequence[Bucket]

    def until(self, time: datetime) -> Share:
        """All of it up to the end of ``time``'s day: what a server offers only later proves nothing."""
        end = time.replace(hour=0) + _DAY
        return self.memory.plus(pooled(bucket.share for bucket in self.buckets if bucket.begin < end))


def judge(scene: Scene) -> list[Finding]:
    """Findings by server and path."""
    servers = _mixed_servers(scene)
    if not servers:
        return []
    removals = _removals(scene, servers)
    if not removals:
        return []
    paths = {str(removal.key[2]) for removal in removals}
    far = far_ends(scene, "network.path", paths, (*COUNTED, MISSING), since=scene.lead_begin)
    return [_finding(removal, far[removal.key[2], removal.key[-1]]) for removal in removals]


def _mixed_servers(scene: Scene) -> set[str]:
    """Addresses of servers with enough sessions that miss the offer and enough that have it: all others are left out."""
    rows = scene.groups(
        "sessions", SERVER, COUNTED, since=scene.memory_begin, metrics=(Metric("count"), Metric("hits", "count", None, (MISSING,)))
    )
    sample, reference = scene.settings.min_sample, scene.settings.min_reference
    return {str(row[ADDRESS]) for row in rows if row["hits"] >= sample and row["count"] - row["hits"] >= reference}


def _removals(scene: Scene, servers: set[str]) -> list[_Removal]:
    """Only paths that miss the offer often enough are looked at hour by hour: a busy server has thousands of others."""
    missing = scene.groups(
        "sessions", PATH, (*COUNTED, MISSING, exists("network.path")), among=(ADDRESS, servers), since=scene.lead_begin, metrics=(COUNT,)
    )
    keys = {key_of(row, PATH) for row in missing if row["count"] >= scene.settings.min_sample}
    if not keys:
        return []
    paths = _histories(scene, PATH, ("network.path", {str(key[2]) for key in keys}), "hour")
    whole = _histories(scene, SERVER, (ADDRESS, {str(key[0]) for key in keys}), "day")
    removals = (_removal(scene, key, paths[key], whole[_server(key)]) for key in sorted(keys, key=str))
    return [removal for removal in removals if removal is not None]


def _histories(scene: Scene, by: tuple[str, ...], among: tuple[str, set[str]], interval: Interval) -> dict[Key, _History]:
    metrics = hit_metrics(MISSING)
    recent = series(scene.groups("sessions", by, COUNTED, among=among, since=scene.lead_begin, interval=interval, metrics=metrics), by)
    past = scene.groups("sessions", by, COUNTED, among=among, since=scene.memory_begin, until=scene.lead_begin, metrics=metrics)
    memory = shares(past, by)
    return {key: _History(memory.get(key, NOTHING), buckets) for key, buckets in recent.items()}


def _removal(scene: Scene, key: Key, path: _History, server: _History) -> _Removal | None:
    """The path's own past speaks first; where it has none, the server's other paths do."""
    settings = scene.settings
    demand = Demand(1.0, 0.0, settings.min_sample, settings.min_reference, settings.significance)
    before = scene.current(episodes(path.buckets, path.memory, demand))
    if before:
        return _Removal(key, before, before[0].normal, across_paths=False)

    def elsewhere(until: datetime) -> Share:
        return server.until(until).minus(path.until(until))

    runs = scene.current(episodes(path.buckets, elsewhere(scene.window.end), demand))
    fair = [run for run in runs if proves(run.found, elsewhere(run.buckets[-1].begin), demand)]
    return _Removal(key, fair, elsewhere(fair[0].buckets[-1].begin), across_paths=True) if fair else None


def _server(key: Key) -> Key:
    return (key[0], key[1], key[-1])


def _finding(removal: _Removal, far: FarEnds) -> Finding:
    address, port, path, direction = (removal.key[0], removal.key[1], str(removal.key[2]), text_or_none(removal.key[3]))
    found = pooled(episode.found for episode in removal.found)
    where: dict[str, Values] = {
        "destination.ip": (str(address),),
        "network.path": (path,),
        "smtp.ehlo": (True,),
        "smtp.starttls.offered": (False,),
    }
    return Finding(
        rule=RULE,
        scope="server",
        subject=f"{address} port {port} on {path}",
        dataset="sessions",
        where=where if port is None else {**where, "destination.port": (port,)},
        affected=found.hits,
        total=found.total,
        first_seen=min(episode.first_seen for episode in removal.found),
        last_seen=max(episode.last_seen for episode in removal.found),
        severity=graded(found.hits, found.total, "high"),
        text=_text(removal, f"{address} port {port}", path, found),
        tenant=text_or_none(removal.key[-1]),
        direction=direction,
        country=far.country,
        path=path,
        far=far if direction == "inbound" else far.elsewhere,
        reportable=True,
    )


def _text(removal: _Removal, server: str, path: str, found: Share) -> str:
    offered = f"{removal.normal.misses:,} of {removal.normal.total:,}"
    known = f"in {offered} on other paths" if removal.across_paths else f"in {offered} earlier ones on this path"
    since = minute(removal.found[0].first_seen)
    return f"{server} did not offer STARTTLS in {share_text(found.hits, found.total)} since {since} on {path}, but offered it {known}."
