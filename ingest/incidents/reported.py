"""What reports count of failures, above the senders' own baseline: the memory behind ``tlsrpt_failures`` and ``spoofing``.

Only counted reports speak. Judged are the sending network, its country and the reporting organisation. Reports give the
whole for an organisation, never for an address: so what a network or country is measured against is all that the
organisations naming it report of the same days, a share that rather understates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ingest.incidents.change import NOTHING, Bucket, Demand, Episode, Share, episodes, pooled
from ingest.incidents.far_ends import COUNTRY, NETWORK, ends
from ingest.incidents.finding import FarEnds, Scope
from ingest.incidents.groups import is_, text_or_none
from ingest.incidents.scene import Scene
from ingest.incidents.sentence import percent
from ingest.store.query import Filter, Metric, Row

COUNTED = is_("counted", True)
SCOPES: dict[Scope, str] = {"network": NETWORK, "country": COUNTRY, "sender": "organization.name"}
"""Who is judged, and the field that names it."""
_ORGANISATION = SCOPES["sender"]
_Totals = dict[tuple[str | None, str | None], dict[datetime, int]]
"""By (organisation, tenant): what is reported in all, by day; the time before the lead stands under the memory's begin."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What is counted, and when it is too much."""

    dataset: str
    where: tuple[Filter, ...]
    count: str
    """The field that says how many."""
    kinds: dict[str, str]
    """What kind of failure each value of ``kind`` is; without any, all are alike."""
    kind: str | None
    server: tuple[str, ...]
    """The fields that name the server."""
    whole: str
    """The dataset of all that is reported; ``parts``: its fields, which make up the whole."""
    parts: tuple[str, ...]
    scopes: tuple[Scope, ...]
    demand: Demand
    prior: int
    """Without a memory one failure in so many is taken for granted."""

    @property
    def by(self) -> tuple[str, ...]:
        return (_ORGANISATION, NETWORK, COUNTRY, *self.server, *((self.kind,) if self.kind else ()))


@dataclass(slots=True)
class Sender:
    """One network, country or organisation, and one kind of failure."""

    scope: Scope
    name: str
    kind: str
    tenant: str | None
    failed: dict[datetime, int] = field(default_factory=lambda: defaultdict(int))
    times: dict[datetime, tuple[datetime, datetime]] = field(default_factory=dict)
    organisations: set[str | None] = field(default_factory=set)
    far: FarEnds = field(default_factory=FarEnds)

    def add(self, row: Row, time: datetime, server: tuple[str, ...]) -> None:
        self.failed[time] += row["failed"]
        first, last = self.times.get(time, (row["first"], row["last"]))
        self.times[time] = min(first, row["first"]), max(last, row["last"])
        self.organisations.add(row[_ORGANISATION])
        self.far = self.far.plus(ends([row], server))

    @property
    def who(self) -> str:
        return self.name if self.scope == "sender" else f"Senders in {self.name}"

    @property
    def wide_enough(self) -> bool:
        """A country of one network would say the same twice."""
        return self.scope != "country" or len(self.far.networks) >= 2


@dataclass(frozen=True, slots=True)
class Rise:
    """A sender's failures above its baseline."""

    sender: Sender
    found: Share
    begin: datetime
    """Of the first day."""
    first_seen: datetime
    last_seen: datetime
    known: Share
    """What was usual before; nothing where there was no memory."""

    @property
    def usual(self) -> str:
        return f"{percent(self.known.value)} is usual" if self.known.total else "nothing is known of before"


def rises(scene: Scene, failures: Failures) -> Iterator[Rise]:
    """The senders whose failures rose."""
    senders = _senders(scene, failures)
    totals = _totals(scene, failures) if senders else {}
    for sender in senders:
        rise = _rise(scene, failures, sender, totals) if sender.wide_enough else None
        if rise:
            yield rise


def _senders(scene: Scene, failures: Failures) -> list[Sender]:
    kinds = (is_(failures.kind, *failures.kinds),) if failures.kind else ()
    where = (COUNTED, *failures.where, *kinds)
    metrics = (Metric("failed", "sum", failures.count), Metric("first", "min", "@timestamp"), Metric("last", "max", "@timestamp"))
    found: dict[tuple[str, ...], Sender] = {}
    recent = scene.groups(failures.dataset, failures.by, where, since=scene.lead_begin, interval="day", metrics=metrics)
    for row in recent:
        for sender in _named(row, failures, found):
            sender.add(row, row["@timestamp"], failures.server)
    past = (
        scene.groups(failures.dataset, failures.by, where, since=scene.memory_begin, until=scene.lead_begin, metrics=metrics)
        if found
        else []
    )
    for row in past:
        for sender in _named(row, failures, found):
            sender.add(row, scene.memory_begin, failures.server)
    return list(found.values())


def _named(row: Row, failures: Failures, found: dict[tuple[str, ...], Sender]) -> Iterable[Sender]:
    """The senders, one a scope, that a group of failures belongs to."""
    kind, tenant = failures.kinds[row[failures.kind]] if failures.kind else "", text_or_none(row["tenant"])
    for scope in failures.scopes:
        name = row[SCOPES[scope]]
        if name is not None:
            yield found.setdefault((scope, name, kind, tenant or ""), Sender(scope, name, kind, tenant))


def _totals(scene: Scene, failures: Failures) -> _Totals:
    totals: _Totals = defaultdict(lambda: defaultdict(int))
    by, metrics = (_ORGANISATION,), tuple(Metric(part, "sum", part) for part in failures.parts)
    for row in scene.groups(failures.whole, by, (COUNTED,), since=scene.lead_begin, interval="day", metrics=metrics):
        totals[row[_ORGANISATION], row["tenant"]][row["@timestamp"]] += sum(row[part] for part in failures.parts)
    for row in scene.groups(failures.whole, by, (COUNTED,), since=scene.memory_begin, until=scene.lead_begin, metrics=metrics):
        totals[row[_ORGANISATION], row["tenant"]][scene.memory_begin] += sum(row[part] for part in failures.parts)
    return totals


def _rise(scene: Scene, failures: Failures, sender: Sender, totals: _Totals) -> Rise | None:
    whole: dict[datetime, int] = defaultdict(int)
    for organisation in sender.organisations:
        for time, count in totals.get((organisation, sender.tenant), {}).items():
            whole[time] += count
    share = {time: _share(sender.failed.get(time, 0), whole[time]) for time in {*whole, *sender.failed}}
    memory = share.pop(scene.memory_begin, NOTHING).plus(Share(1, failures.prior))
    buckets = [Bucket(time, share[time], *sender.times.get(time, (None, None))) for time in sorted(share)]
    runs = scene.current(episodes(buckets, memory, failures.demand))
    return _risen(sender, runs, failures.prior) if runs else None


def _share(failed: int, whole: int) -> Share:
    """Details may say more than their summary: the larger one stands."""
    return Share(failed, max(failed, whole))


def _risen(sender: Sender, runs: list[Episode], prior: int) -> Rise:
    return Rise(
        sender=sender,
        found=pooled(run.found for run in runs),
        begin=runs[0].begin,
        first_seen=min(run.first_seen for run in runs),
        last_seen=max(run.last_seen for run in runs),
        known=Share(runs[0].normal.hits - 1, runs[0].normal.total - prior),
    )
