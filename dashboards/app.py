"""The private listener's application: pages, JSON API, probes and metrics over one store reader."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from dashboards import api, assets, probes
from dashboards.errors import DashboardError
from dashboards.failures import failure
from dashboards.guards.credentials import PasswordCheck
from dashboards.guards.head import HeadAsGet
from dashboards.guards.headers import SecurityHeaders
from dashboards.guards.hosts import HostCheck
from dashboards.pages import dead_letters, encryption, health, incidents, overview, reports, senders, sessions
from dashboards.settings import DashboardSettings
from dashboards.sources import ChooseReport, Clock, DeadLetters, Health, SetState, Sources
from ingest.conflicts.errors import ConflictError
from ingest.store.errors import StoreError
from ingest.store.protocol import StoreReader


def create_app(
    store: StoreReader,
    *,
    settings: DashboardSettings,
    incident_states: SetState,
    choose_report: ChooseReport,
    dead_letters: DeadLetters,
    health: Callable[[], Health],
    clock: Clock,
    metrics: Callable[[], bytes] | None = None,
) -> FastAPI:
    """The application. Handlers run in worker threads, several at a time: all that is passed in must bear that.

    ``incident_states(id, state)`` sets the state of an incident that the store has; ``choose_report(id)`` makes a report
    count of all in conflict with it.
    """
    sources = Sources(store, settings, incident_states, choose_report, dead_letters, health, clock, metrics)
    app = FastAPI(title=settings.title, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    for part in _routers(sources):
        app.include_router(part)
    _answer_failures(app, sources)
    app.add_middleware(HostCheck, hosts=settings.hosts)
    if settings.password is not None:
        app.add_middleware(PasswordCheck, password=settings.password)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(HeadAsGet)
    return app


def _routers(sources: Sources) -> list[APIRouter]:
    parts = (overview, incidents, sessions, encryption, reports, senders, dead_letters, health, api, probes)
    return [assets.routes(), *(part.routes(sources) for part in parts)]


def _answer_failures(app: FastAPI, sources: Sources) -> None:
    """Every documented error becomes a page, or JSON under /api; undocumented ones are uvicorn's to log."""

    def answer(request: Request, error: Exception) -> Response:
        return failure(request, error, sources)

    for kind in (DashboardError, RequestValidationError, ConflictError, StoreError, 404, 405):
        app.add_exception_handler(kind, answer)
