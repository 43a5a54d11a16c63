"""What a command put into the spool is drained by the running service, else by the command itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.documents.arrivals import Tally
from ingest.spool.errors import DrainLocked
from stripwatch.site import Site


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the items, and how many incidents are new or changed."""

    tally: Tally
    incidents: int


def drain_here(site: Site, progress: Callable[[int], None] = lambda records: None) -> Drained | None:
    """Drain the spool into the store and judge; None when another process drains it already. ``progress`` gets the
    number of records drained so far."""
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
        return Drained(pipeline.drain.counters.outcomes, len(found))
