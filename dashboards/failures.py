"""Errors as answers: a page for people, ``{"error": {"reason", "says"}}`` under ``/api``."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dashboards.errors import BadRequest, DashboardError
from dashboards.filters import Filters
from dashboards.lens import Lens
from dashboards.rendering import page
from dashboards.sources import Sources
from dashboards.timerange import last
from ingest.conflicts.errors import ConflictError, UnknownReport
from ingest.store.errors import QueryError, StoreError, TooManyGroups

_UNCLEAR = "This address cannot be understood"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is said of an error. ``mend`` is what the reader can do."""

    status: int
    reason: str
    title: str
    says: str
    mend: str = ""


def failure(request: Request, error: Exception, sources: Sources) -> Response:
    """The answer to an error; pages keep the frame and lose the lens, which may be what was wrong."""
    told = describe(error, request.url.path)
    if request.url.path.startswith("/api"):
        return JSONResponse({"error": {"reason": told.reason, "says": told.says}}, told.status)
    lens = Lens(request.url.path, last(sources.settings.default_range, sources.clock()), Filters(), sources.clock(), chosen=False)
    return page("error", sources.settings, lens, status=told.status, failure=told)


def describe(error: Exception, path: str) -> Failure:
    """Every documented error in words."""
    if isinstance(error, TooManyGroups):
        return Failure(400, error.reason, "Too much to group", str(error), "Narrow the time range or add a filter.")
    if isinstance(error, QueryError):
        return Failure(400, error.reason, "This question cannot be asked", str(error), "Remove the filter that does not fit.")
    if isinstance(error, StoreError):
        mend = "Nothing is lost: what comes in waits in the spool. Try again in a moment; the health page says more."
        return Failure(503, error.reason, "The store does not answer", str(error), mend)
    if isinstance(error, UnknownReport):
        return Failure(404, error.reason, "Not found", str(error))
    if isinstance(error, ConflictError):
        return Failure(409, error.reason, "This cannot be chosen", str(error), "Look at the report: its page says why it is left out.")
    if isinstance(error, RequestValidationError):
        return Failure(400, BadRequest.reason, _UNCLEAR, "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()))
    if isinstance(error, DashboardError):
        titles = {400: _UNCLEAR, 403: "Refused", 404: "Not found"}
        return Failure(error.status, error.reason, titles[error.status], str(error))
    if isinstance(error, HTTPException) and error.status_code == 405:
        return Failure(405, "method_not_allowed", "Not that way", "This address does not take that method.")
    return Failure(404, "not_found", "Not found", f"Nothing is at {path}.")
