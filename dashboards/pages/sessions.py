"""Sessions: the list, and one with its dialogue line by line."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.answers import single
from dashboards.errors import NotFound
from dashboards.looking import lens_of
from dashboards.questions.sessions import extent
from dashboards.rendering import page
from dashboards.shapes.dialogue import dialogue
from dashboards.sources import Sources
from ingest.store.query import Filter, Selection
from ingest.store.schema import VERDICTS

LIST_FIELDS = (
    "@timestamp",
    "source.ip",
    "source.port",
    "destination.ip",
    "destination.port",
    "destination.domain",
    "smtp.verdict",
    "tls.version",
    "tls.cipher",
    "network.direction",
    "network.path",
    "far_end.ip",
    "far_end.geo.country_iso_code",
    "far_end.as.number",
    "far_end.as.organization.name",
)


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/sessions", response_class=HTMLResponse)
    def several(request: Request, after: str | None = None) -> HTMLResponse:
        lens = lens_of(request, sources, "sessions", also=("after",))
        found = sources.store.select(
            Selection(
                dataset="sessions",
                since=lens.range.since,
                until=lens.range.until,
                where=lens.filters.where("sessions"),
                fields=LIST_FIELDS,
                limit=sources.settings.page_size,
                after=after,
            )
        )
        total = single(sources.store, extent(lens, "sessions"))["count"]
        return page(
            "sessions",
            sources.settings,
            lens,
            sessions=found.documents,
            after=found.after,
            total=total,
            verdicts=VERDICTS,
            first=after is None,
        )

    @router.get("/sessions/{id}", response_class=HTMLResponse)
    def one(id: str, request: Request) -> HTMLResponse:
        lens = lens_of(request, sources, "sessions")
        session = sources.store.get("sessions", id)
        if session is None:
            raise NotFound(f"no session {id}")
        fields = session.fields
        lines = dialogue(fields.get("smtp.dialogue", ()), fields.get("smtp.evidence", ()))
        return page("session", sources.settings, lens, session=session, f=fields, lines=lines, twins=_twins(sources, id, fields))

    return router


def _twins(sources: Sources, id: str, fields: dict[str, object]) -> list[str]:
    """Ids of other observers' views of the same flow."""
    community_id = fields.get("network.community_id")
    if not isinstance(community_id, str):
        return []
    same = Filter("network.community_id", "eq", (community_id,))
    found = sources.store.select(Selection(dataset="sessions", where=(same,), fields=("@timestamp",), limit=10))
    return [document.id for document in found.documents if document.id != id]
