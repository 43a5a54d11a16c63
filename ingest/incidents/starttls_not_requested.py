"""Rule ``starttls_not_requested``: a client that used to ask for STARTTLS no longer does, although it is offered.

On the way in our own reply leaves intact, so an offer removed further on shows only as a client that never asks, and
one such session claims nothing: it may be a client without TLS. Memory decides. Judged are

- a client, by hours: it asked in enough sessions, and then in a run of hours not once;
- a network (/24, /48) or country, by days that are over: the share that does not ask jumped, and those that ask have
  become fewer. A wave of spam from clients without TLS raises the share as well, but takes away none that ask.

A wider scope is told only where it holds two of the narrower one, or it would say the same twice. Only sessions count
in which EHLO was answered, STARTTLS was offered and the client's side was captured; ``incomplete`` never counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ingest.incidents.change import NOTHING, Bucket, Demand, Episode, Share, episodes, pooled
from ingest.incidents.far_ends import COUNTRY, NETWORK, far_ends
from ingest.incidents.finding import STRIPPING, FarEnds, Finding, Scope, Values
from ingest.incidents.groups import exists, is_, is_not, text_or_none
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of, series, shares
from ingest.incidents.sentence import minute, percent, share_text
from ingest.incidents.severity import graded
from ingest.store.query import COUNT, Scalar

RULE = "starttls_not_requested"
CLIENT = "far_end.ip"
NOT_ASKED = is_("smtp.starttls.requested", False)
ASKED = is_("smtp.starttls.requested", True)
COUNTED = (
    is_not("network.direction", "outbound"),
    is_("smtp.ehlo", True),
    is_("smtp.starttls.offered", True),
    is_("smtp.starttls.requested", True, False),
    is_not("smtp.verdict", "incomplete"),
)
_NEARLY_A_DAY = timedelta(hours=23)
"""A day is over when sessions were seen in its last hour, or later."""


@dataclass(frozen=True, slots=True)
class _Level:
    """One scope: its field, the narrower field of which it must hold two, and the size of its buckets."""

    scope: Scope
    field: str
    narrower: str | None
    interval: Literal["hour", "day"]


LEVELS = (
    _Level("client", CLIENT, None, "hour"),
    _Level("network", NETWORK, CLIENT, "day"),
    _Level("country", COUNTRY, NETWORK, "day"),
)


def judge(scene: Scene) -> list[Finding]:
    """Findings by client, network and country."""
    return [finding for level in LEVELS for finding in _judge_level(scene, level)]


def _judge_level(scene: Scene, level: _Level) -> list[Finding]:
    values = _candidates(scene, level.field)
    if not values:
        return []
    found = _silent_clients(scene, level, values) if level.scope == "client" else _jumps(scene, level, values)
    if level.narrower is not None:
        found = _wide(scene, level, found)
    if not found:
        return []
    far = far_ends(scene, level.field, {str(key[0]) for key in found}, (*COUNTED, NOT_ASKED), since=scene.lead_begin)
    return [_finding(level, key, runs, far[key[0], key[-1]]) for key, runs in found.items()]


def _candidates(scene: Scene, field: str) -> set[Scalar]:
    """Those with enough sessions that do not ask now, and enough, now or in memory, that did."""
    where = (*COUNTED, exists(field))
    silent = scene.groups("sessions", (field,), (*where, NOT_ASKED), since=scene.lead_begin, metrics=(COUNT,))
    values = {row[field] for row in silent if row["count"] >= scene.settings.min_sample}
    if not values:
        return set()
    asked = scene.groups("sessions", (field,), (*where, ASKED), among=(field, values), since=scene.memory_begin, metrics=(COUNT,))
    return {row[field] for row in asked if row["count"] >= scene.settings.min_reference}


def _silent_clients(scene: Scene, level: _Level, values: set[Scalar]) -> dict[Key, list[Episode]]:
    by = (level.field, "network.direction")
    among, metrics = (level.field, values), hit_metrics(NOT_ASKED)
    rows = scene.groups("sessions", by, COUNTED, among=among, since=scene.lead_begin, interval=level.interval, metrics=metrics)
    recent = series(rows, by)
    past = scene.groups("sessions", by, COUNTED, among=among, since=scene.memory_begin, until=scene.lead_begin, metrics=metrics)
    memory = shares(past, by)
    demand = _demand(scene, floor=1.0, rise=0.0)
    runs = {key: scene.current(episodes(buckets, memory.get(key, NOTHING), demand)) for key, buckets in recent.items()}
    return {key: found for key, found in runs.items() if found}


def _jumps(scene: Scene, level: _Level, values: set[Scalar]) -> dict[Key, list[Episode]]:
    by = (level.field, "network.direction")
    metrics = hit_metrics(NOT_ASKED)
    rows = scene.groups(
        "sessions", by, COUNTED, among=(level.field, values), since=scene.memory_begin, interval=level.interval, metrics=metrics
    )
    demand = _demand(scene, floor=0.0, rise=scene.settings.jump_share)
    jumps: dict[Key, list[Episode]] = {}
    for key, buckets in series(rows, by).items():
        over = [bucket for bucket in buckets if bucket.begin + _NEARLY_A_DAY <= scene.newest]
        found = [e for e in scene.current(episodes(over, NOTHING, demand)) if _asking_fell(e, over, scene.settings.jump_asked)]
        if found:
            jumps[key] = found
    return jumps


def _asking_fell(episode: Episode, buckets: Iterable[Bucket], part: float) -> bool:
    """Fewer sessions a day ask for STARTTLS than before: something was taken away, not only something added."""
    before = [bucket.share.misses for bucket in buckets if bucket.begin < episode.begin]
    during = [bucket.share.misses for bucket in episode.buckets]
    return bool(before) and sum(during) / len(during) <= part * sum(before) / len(before)


def _wide(scene: Scene, level: _Level, found: dict[Key, list[Episode]]) -> dict[Key, list[Episode]]:
    """Those in whose episodes at least two of the narrower scope do not ask."""
    if not found or level.narrower is None:
        return {}
    among = (level.field, {value for key in found if (value := key[0]) is not None})
    by = (level.field, level.narrower)
    since = min(episode.begin for runs in found.values() for episode in runs)
    rows = scene.groups("sessions", by, (*COUNTED, NOT_ASKED), among=among, since=since, metrics=(COUNT,))
    members: dict[Key, set[Scalar | None]] = {}
    for row in rows:
        members.setdefault(key_of(row, (level.field,)), set()).add(row[level.narrower])
    return {key: runs for key, runs in found.items() if len(members.get((key[0], key[-1]), ())) >= 2}


def _demand(scene: Scene, floor: float, rise: float) -> Demand:
    settings = scene.settings
    return Demand(floor, rise, settings.min_sample, settings.min_reference, settings.significance)


def _finding(level: _Level, key: Key, runs: list[Episode], far: FarEnds) -> Finding:
    subject, direction = str(key[0]), text_or_none(key[1])
    found = pooled(run.found for run in runs)
    where: dict[str, Values] = {
        level.field: (subject,),
        "smtp.ehlo": (True,),
        "smtp.starttls.offered": (True,),
        "smtp.starttls.requested": (False,),
    }
    return Finding(
        rule=RULE,
        scope=level.scope,
        subject=subject,
        dataset="sessions",
        where=where if direction is None else {**where, "network.direction": (direction,)},
        affected=found.hits,
        total=found.total,
        first_seen=min(run.first_seen for run in runs),
        last_seen=max(run.last_seen for run in runs),
        severity=graded(found.hits, found.total, "high" if level.scope == "client" else "medium"),
        text=_text(level, subject, found, runs[0]),
        tenant=text_or_none(key[-1]),
        direction=direction,
        country=far.country,
        far=far.elsewhere,
        reported_as=STRIPPING,
    )


def _text(level: _Level, subject: str, found: Share, first: Episode) -> str:
    who = subject if level.scope == "client" else f"the clients of {subject}"
    since, normal = minute(first.first_seen), first.normal
    asked = f"{normal.misses:,} of {normal.total:,} sessions before"
    beginning = f"{who[:1].upper()}{who[1:]} did not ask for STARTTLS in {share_text(found.hits, found.total)} since {since}"
    if level.scope == "client":
        return f"{beginning}, though it was offered; it asked in {asked}. The offer may be stripped between the client and the tap."
    return f"{beginning}, though it was offered; before, {percent(normal.value)} did not. The offer may be stripped on the way from there."
