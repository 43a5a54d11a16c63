"""Probes and metrics: ``/healthz`` (alive), ``/readyz`` (all parts work), ``/metrics`` (Prometheus text)."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from dashboards.errors import NotFound
from dashboards.sources import Sources


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    def alive() -> Response:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    def ready() -> Response:
        found = sources.health()
        parts = {check.name: check.state for check in found.checks}
        return JSONResponse({"ready": found.ready, "parts": parts}, 200 if found.ready else 503)

    @router.get("/metrics")
    def metrics() -> Response:
        if sources.metrics is None:
            raise NotFound("no metrics here")
        return Response(sources.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
