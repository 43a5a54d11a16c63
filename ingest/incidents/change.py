"""Has a share changed, and when? One detector for every rule that needs a memory.

It walks the buckets of a window in the order of time and keeps what is normal. Buckets above normal are gathered into
a run; when the run ends it is an episode if its sample is large enough and chance does not explain it, otherwise it
becomes part of what is normal. Only earlier buckets and the memory are compared with: something that was never there
and appears later (a server that gains STARTTLS) is no change for the worse. An episode stays found after it is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ingest.incidents.wilson import p_value_greater


class Share(NamedTuple):
    """``hits`` of ``total``."""

    hits: int
    total: int

    def plus(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.total + other.total)

    def minus(self, part: Share) -> Share:
        return Share(self.hits - part.hits, self.total - part.total)

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else 0.0

    @property
    def misses(self) -> int:
        return self.total - self.hits


NOTHING = Share(0, 0)


def pooled(shares: Iterable[Share]) -> Share:
    result = NOTHING
    for share in shares:
        result = result.plus(share)
    return result


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour or day: what it shows, and the times of its oldest and newest hit (None without hits)."""

    begin: datetime
    share: Share
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What a rule wants of an episode. ``floor``: least share of a bucket in it (1.0: all); ``rise``: how far a bucket
    must stand above normal; ``sample``: least hits of an episode; ``reference``: least misses in what is normal."""

    floor: float
    rise: float
    sample: int
    reference: int
    significance: float


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of buckets that is not normal, and what was normal until then."""

    buckets: tuple[Bucket, ...]
    normal: Share

    @property
    def found(self) -> Share:
        return pooled(bucket.share for bucket in self.buckets)

    @property
    def begin(self) -> datetime:
        return self.buckets[0].begin

    @property
    def first_seen(self) -> datetime:
        return min(bucket.first or bucket.begin for bucket in self.buckets)

    @property
    def last_seen(self) -> datetime:
        return max(bucket.last or bucket.begin for bucket in self.buckets)


def episodes(buckets: Sequence[Bucket], memory: Share, demand: Demand) -> list[Episode]:
    """The episodes among buckets given in the order of time, oldest first."""
    normal, run, found = memory, list[Bucket](), list[Episode]()
    for bucket in buckets:
        if _stands_out(bucket.share, normal, demand):
            run.append(bucket)
            continue
        normal = _close(run, normal, demand, found).plus(bucket.share)
        run = []
    _close(run, normal, demand, found)
    return found


def _close(run: list[Bucket], normal: Share, demand: Demand, found: list[Episode]) -> Share:
    """End a run: an episode more in ``found``, or what is normal with the run in it."""
    share = pooled(bucket.share for bucket in run)
    if not proves(share, normal, demand):
        return normal.plus(share)
    found.append(Episode(tuple(run), normal))
    return normal


def _stands_out(share: Share, normal: Share, demand: Demand) -> bool:
    return share.hits > 0 and share.value >= max(demand.floor, min(1.0, normal.value + demand.rise))


def proves(share: Share, normal: Share, demand: Demand) -> bool:
    """Enough hits against enough misses in what is normal, and more than chance explains."""
    if share.hits < demand.sample or normal.misses < demand.reference:
        return False
    return p_value_greater(*share, *normal) < demand.significance
