"""The control socket: other commands of this user ask the running service what only it can do.

Plain HTTP on a unix socket in the data folder, which only its owner may enter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from ingest.conflicts.errors import ConflictError
from ingest.store.errors import StoreError
from ingest.store.protocol import StoreReader
from ingest.store.wire import answer


@dataclass(frozen=True, slots=True)
class Controls:
    """What may be asked for. ``replay`` takes nanoseconds since the epoch or None and gives the number of records."""

    store: StoreReader
    replay: Callable[[int | None], int]
    choose: Callable[[str], None]
    """Makes a report count among those in conflict with it. Raises ConflictError."""
    settled: Callable[[], bool]
    """Whether the spool is drained and every incident judged."""


def control_app(controls: Controls) -> FastAPI:
    """The application behind the socket."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/store/{route}")
    async def ask(route: str, request: Request) -> Response:
        body = await request.body()
        status, content = await run_in_threadpool(answer, controls.store, route, body)
        return Response(content, status, media_type="application/json")

    @app.post("/replay")
    def replay(since: int | None = None) -> Response:
        return _json({"records": controls.replay(since)})

    @app.post("/reports/{id}/choose")
    def choose(id: str) -> Response:
        try:
            controls.choose(id)
        except (ConflictError, StoreError) as error:
            return Response(orjson.dumps({"says": f"{error.reason}: {error}"}), 409, media_type="application/json")
        return _json({"id": id})

    @app.get("/settled")
    def settled() -> Response:
        return _json({"settled": controls.settled()})

    return app


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
