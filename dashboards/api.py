"""The JSON API: the query language itself, documents by id, incident states, and the choice between conflicting reports.

``POST /api/aggregate`` takes an ``ingest.store.query.Query`` and ``POST /api/select`` a ``Selection``, both as JSON.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from dashboards.errors import BadRequest, NotFound
from dashboards.guards.origin import require_same_origin
from dashboards.looking import everything_of
from dashboards.sources import Sources, State
from ingest.store.protocol import Document, Page
from ingest.store.query import Query, Selection
from ingest.store.schema import DATASETS

T = TypeVar("T")

LARGEST_BODY = 256 * 1024
"""Bytes of a question; longer ones are refused."""
LARGEST_PAGE = 10_000
"""Documents an answer may hold; more come by the cursor ``after``."""


class StateChange(msgspec.Struct, forbid_unknown_fields=True):
    state: State


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api")
    _questions(router, sources)
    _documents(router, sources)
    _states(router, sources)
    _choices(router, sources)
    return router


def _questions(router: APIRouter, sources: Sources) -> None:
    @router.post("/aggregate")
    async def aggregate(request: Request) -> Response:
        query = decoded(await _body(request), Query)
        rows = await run_in_threadpool(sources.store.aggregate, query)
        return _json({"rows": rows})

    @router.post("/select")
    async def select(request: Request) -> Response:
        selection = decoded(await _body(request), Selection)
        if selection.limit > LARGEST_PAGE:
            raise BadRequest(f"limit: at most {LARGEST_PAGE}")
        return _json(_page(await run_in_threadpool(sources.store.select, selection)))

    @router.get("/schema")
    def schema() -> Response:
        return _json(
            {
                d.name: {"meaning": d.meaning, "fields": [{"name": f.name, "type": f.type, "meaning": f.meaning} for f in d.fields]}
                for d in DATASETS.values()
            }
        )


def _documents(router: APIRouter, sources: Sources) -> None:
    @router.get("/{dataset}")
    def several(dataset: str, request: Request, limit: int = 50, after: str | None = None) -> Response:
        if dataset not in DATASETS:
            raise NotFound(f"no dataset {dataset}")
        if not 1 <= limit <= LARGEST_PAGE:
            raise BadRequest(f"limit: 1 to {LARGEST_PAGE}")
        lens = everything_of(request, sources.clock(), also=("limit", "after"))
        since, until = lens.range.since, lens.range.until
        where = lens.filters.where(dataset)
        return _json(
            _page(sources.store.select(Selection(dataset=dataset, since=since, until=until, where=where, limit=limit, after=after)))
        )

    @router.get("/{dataset}/{id}")
    def one(dataset: str, id: str) -> Response:
        found = sources.store.get(dataset, id) if dataset in DATASETS else None
        if found is None:
            raise NotFound(f"no {dataset}/{id}")
        return _json(_document(found))


def _states(router: APIRouter, sources: Sources) -> None:
    @router.post("/incidents/{id}/state")
    async def state(id: str, request: Request) -> Response:
        require_same_origin(request.headers)
        change = decoded(await _body(request), StateChange)
        if await run_in_threadpool(sources.store.get, "incidents", id) is None:
            raise NotFound(f"no incident {id}")
        await run_in_threadpool(sources.set_state, id, change.state)
        return _json({"id": id, "state": change.state})


def _choices(router: APIRouter, sources: Sources) -> None:
    @router.post("/reports/{id}/choose")
    def choose(id: str, request: Request) -> Response:
        require_same_origin(request.headers)
        sources.choose_report(id)
        return _json({"id": id, "counted": True})


def decoded(body: bytes, kind: type[T]) -> T:
    """The struct that the JSON holds. Raises BadRequest, saying where it does not fit."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise BadRequest(str(error)) from None
    except RecursionError:
        raise BadRequest("nested too deeply") from None


async def _body(request: Request) -> bytes:
    """The body, bounded while it is read. JSON's media type is asked for: no foreign form can send it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("the body must be application/json")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise BadRequest(f"the body is longer than {LARGEST_BODY} bytes")
    return bytes(body)


def _page(page: Page) -> dict[str, Any]:
    return {"documents": [_document(d) for d in page.documents], "after": page.after}


def _document(document: Document) -> dict[str, Any]:
    return {"id": document.id, "dataset": document.dataset, **document.fields}


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
