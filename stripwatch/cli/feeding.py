"""What a command put into the spool is drained by the running service, else by the command itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.documents.arrivals import GRAVEST_FIRST, Tally
from ingest.spool.errors import DrainLocked
from ingest.store.protocol import StoreReader
from ingest.store.query import COUNT, Filter, Metric, Query
from stripwatch.cli.failure import complain
from stripwatch.cli.reading import reading, served
from stripwatch.site import Site

PATIENCE = 30.0
"""Seconds without any progress after which another process's drain is not waited for any longer."""
PAUSE = 0.1
CHUNK = 1000
"""Records asked about at once."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the items, and how many incidents are new or changed (when this process judged them)."""

    tally: Tally
    incidents: int = 0


Progress = Callable[[int], None]


def drain_here(site: Site, progress: Progress = lambda records: None, ids: Sequence[str] | None = None) -> Drained | None:
    """Drain the spool into the store and judge; None when another process drains it already. ``progress`` gets the
    number of records drained so far; ``ids`` are the records to tell of, all that were drained without them."""
    from stripwatch.serve.pipeline import Pipeline

    try:
        pipeline = Pipeline(site, judge_everything=False)
    except DrainLocked:
        return None
    with pipeline:
        while (spans := pipeline.drain.step()) is not None:
            pipeline.note(spans)
            progress(pipeline.drain.counters.records)
        found = pipeline.evaluator.evaluate_now()
        tally = pipeline.drain.counters.outcomes if ids is None else _Waiting(pipeline.store, ids, progress).tally()
        return Drained(tally or Tally(), len(found))


def drained(site: Site, ids: Sequence[str], progress: Progress = lambda records: None) -> Drained | None:
    """What became of these records of the spool, whoever drains them: the running service is waited for. None when it
    gets no further for PATIENCE seconds."""
    if not ids:
        return Drained(Tally())
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        here = drain_here(site, progress, ids)
        if here is not None:
            return here
        if served(site):
            with reading(site) as store:
                tally = _Waiting(store, ids, progress).tally()
            return None if tally is None else Drained(tally)
        time.sleep(PAUSE)
    return None


def name_unusable(site: Site, names: dict[str, str]) -> None:
    """One line on stderr for each thing that became a dead letter. ``names`` has what each record is called, by its id."""
    folder = site.dead_letters()
    for letter in reversed(folder.letters(limit=folder.limits.letters)):
        name = names.get(letter.record_id)
        if name is not None:
            complain(f"{name}{': ' + letter.item_name if letter.item_name else ''}: {letter.reason}: {letter.detail}")


class _Waiting:
    """Until every record of ours has its document among the arrivals."""

    def __init__(self, store: StoreReader, ids: Sequence[str], progress: Progress) -> None:
        self._store = store
        self._ids = ids
        self._progress = progress

    def tally(self) -> Tally | None:
        """Of all of them; None when nothing more was drained for PATIENCE seconds."""
        tally = Tally()
        for start in range(0, len(self._ids), CHUNK):
            chunk = self._chunk(tuple(self._ids[start : start + CHUNK]), start)
            if chunk is None:
                return None
            tally.merge(chunk)
        return tally

    def _chunk(self, ids: tuple[str, ...], before: int) -> Tally | None:
        known, deadline = -1, 0.0
        while True:
            row = self._store.aggregate(Query(dataset="arrivals", where=(Filter("spool.id", "eq", ids),), metrics=(COUNT, *_OUTCOMES)))[0]
            if row["count"] > known:
                known, deadline = row["count"], time.monotonic() + PATIENCE
                self._progress(before + known)
            if known >= len(ids):
                break
            if time.monotonic() > deadline:
                return None
            time.sleep(PAUSE)
        tally = Tally()
        for outcome in GRAVEST_FIRST:
            tally.add(outcome, row[outcome])
        return tally


_OUTCOMES = tuple(Metric(outcome, "sum", outcome) for outcome in GRAVEST_FIRST)
