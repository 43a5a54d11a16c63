"""Senders: who sends mail in our domains' names, by DMARC aggregate reports, and whether it aligns."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.answers import interval_over, single
from dashboards.figures import timeline
from dashboards.looking import lens_of
from dashboards.questions import reports as questions
from dashboards.questions.sessions import COUNTRY
from dashboards.rendering import page
from dashboards.shapes.share import Share
from dashboards.sources import Sources

MOST = 25


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/senders", response_class=HTMLResponse)
    def show(request: Request) -> HTMLResponse:
        lens = lens_of(request, sources, "reports")
        store = sources.store
        totals = single(store, questions.alignment(lens))
        interval = interval_over(store, lens, "dmarc")
        return page(
            "senders",
            sources.settings,
            lens,
            totals=totals,
            aligned=Share(totals["aligned"], totals["messages"]),
            results=store.aggregate(questions.alignment(lens, "dmarc.dkim", "dmarc.spf")),
            policies=store.aggregate(questions.alignment(lens, "policy.domain", "dmarc.policy", limit=MOST)),
            dispositions=store.aggregate(questions.alignment(lens, "dmarc.disposition")),
            operators=store.aggregate(questions.alignment(lens, COUNTRY, "far_end.as.number", "far_end.as.organization.name", limit=MOST)),
            sources=store.aggregate(questions.alignment(lens, "source.ip", "dmarc.header_from", limit=MOST)),
            figure=timeline.alignment(store.aggregate(questions.alignment(lens, interval=interval)), interval) if interval else None,
        )

    return router
