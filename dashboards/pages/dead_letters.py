"""Dead letters: what could not be used, why, its bytes, and another try."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboards.errors import NotFound
from dashboards.guards.origin import require_same_origin
from dashboards.looking import lens_of
from dashboards.rendering import page
from dashboards.sources import Sources

SHOWN = 200


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/dead-letters", response_class=HTMLResponse)
    def several(request: Request, retried: str = "") -> HTMLResponse:
        lens = lens_of(request, sources, also=("retried",))
        return page("dead_letters", sources.settings, lens, letters=sources.dead_letters.recent(SHOWN), retried=retried, shown=SHOWN)

    @router.get("/dead-letters/{id}/raw")
    def raw(id: str) -> Response:
        body = sources.dead_letters.raw(id)
        if body is None:
            raise NotFound(f"no dead letter {id}")
        # Hostile bytes: always a download, never something that a browser shows.
        return Response(body, media_type="application/octet-stream", headers={"Content-Disposition": 'attachment; filename="letter.bin"'})

    @router.post("/dead-letters/{id}/retry")
    def retry(id: str, request: Request) -> Response:
        require_same_origin(request.headers)
        if not sources.dead_letters.retry(id):
            raise NotFound(f"no dead letter {id}")
        return RedirectResponse("/dead-letters?retried=1", 303)

    return router
