"""From a request to its lens: the address's range and filters, or the default range where there is data."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request

from dashboards import filters, timerange
from dashboards.lens import Lens
from dashboards.questions.sessions import newest
from dashboards.sources import Sources

DATASETS = ("sessions", "reports")


def lens_of(request: Request, sources: Sources, *datasets: str) -> Lens:
    """Raises BadRequest for an address that cannot be understood. ``datasets`` are those whose newest document decides
    whether the default range has data."""
    now = sources.clock()
    found = timerange.named(request.query_params, now)
    chosen = found is not None
    if found is None:
        found = timerange.default(sources.settings.default_range, _newest(sources, datasets or DATASETS), now)
    return Lens(request.url.path, found, filters.read(request.query_params.multi_items()), now, chosen)


def _newest(sources: Sources, datasets: tuple[str, ...]) -> datetime | None:
    answers = [sources.store.aggregate(newest(dataset)) for dataset in datasets]
    times = [row["newest"] for rows in answers for row in rows if row["newest"] is not None]
    return max(times, default=None)
