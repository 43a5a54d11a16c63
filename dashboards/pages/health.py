"""Health: every part, what came in and what became of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards import timerange
from dashboards.filters import Filters
from dashboards.lens import Lens
from dashboards.looking import lens_of
from dashboards.rendering import page
from dashboards.sources import Sources
from ingest.store.errors import StoreUnavailable
from ingest.store.query import Metric, Query

OUTCOMES = ("stored", "duplicate", "conflict", "dead_letter")


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/health", response_class=HTMLResponse)
    def show(request: Request) -> HTMLResponse:
        try:
            lens = lens_of(request, sources, "arrivals")
            arrivals = sources.store.aggregate(_arrivals(lens))
        except StoreUnavailable:  # the one page that must show, whatever fails
            now = sources.clock()
            range_ = timerange.named(request.query_params, now) or timerange.last(sources.settings.default_range, now)
            lens, arrivals = Lens(request.url.path, range_, Filters(), now, chosen=False), None
        return page("health", sources.settings, lens, health=sources.health(), arrivals=arrivals, outcomes=OUTCOMES)

    return router


def _arrivals(lens: Lens) -> Query:
    """Records and items by way in."""
    items = tuple(Metric(outcome, "sum", outcome) for outcome in OUTCOMES)
    metrics = (Metric("records"), Metric("bytes", "sum", "bytes"), Metric("newest", "max", "@timestamp"), *items)
    return Query(
        dataset="arrivals",
        since=lens.range.since,
        until=lens.range.until,
        where=lens.filters.where("arrivals"),
        group_by=("way", "content"),
        metrics=metrics,
    )
