"""From a request to its lens: the address's range and filters, or the default range where there is data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime

from fastapi import Request

from dashboards import filters, timerange
from dashboards.errors import BadRequest
from dashboards.lens import Lens
from dashboards.questions.sessions import newest
from dashboards.sources import Sources

DATASETS = ("sessions", "reports")


def lens_of(request: Request, sources: Sources, *datasets: str, also: Iterable[str] = ()) -> Lens:
    """Raises BadRequest for an address that cannot be understood. ``datasets`` are those whose newest document decides
    whether the default range has data; ``also`` are the parameters that the address may have besides range and filters."""
    _refuse_unknown(request, also)
    now = sources.clock()
    found = timerange.named(request.query_params, now)
    chosen = found is not None
    if found is None:
        found = timerange.default(sources.settings.default_range, _newest(sources, datasets or DATASETS), now)
    return Lens(request.url.path, found, filters.read(request.query_params.multi_items()), now, chosen)


def everything_of(request: Request, now: datetime, also: Iterable[str] = ()) -> Lens:
    """As ``lens_of``, but all time where the address names no range: what programs ask, and the command line. Raises BadRequest."""
    _refuse_unknown(request, also)
    found = timerange.named(request.query_params, now) or timerange.last("all", now)
    return Lens(request.url.path, found, filters.read(request.query_params.multi_items()), now, chosen=True)


def _refuse_unknown(request: Request, also: Iterable[str]) -> None:
    """A parameter that nothing reads would leave a page looking narrowed that is not."""
    known = {*filters.PARAMETERS, *timerange.PARAMETERS, *also}
    for name in request.query_params:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise BadRequest(f"there is no parameter {name}" + (f"; did you mean {near[0]}?" if near else ""))


def _newest(sources: Sources, datasets: tuple[str, ...]) -> datetime | None:
    answers = [sources.store.aggregate(newest(dataset)) for dataset in datasets]
    times = [row["newest"] for rows in answers for row in rows if row["newest"] is not None]
    return max(times, default=None)
