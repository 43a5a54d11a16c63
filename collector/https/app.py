"""The public application: three paths to post to, one line about itself, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from collector.errors import NotDurable
from collector.https import answers
from collector.https.answers import Answer
from collector.https.body import read_body
from collector.https.routes import ROUTES, Route, media_type
from collector.https.service import Service
from collector.in_flight import Lease
from ingest.spool.record import SpoolRecord

log = logging.getLogger(__name__)

ABOUT = "stripwatch takes SMTP TLS reports (POST /v1/tlsrpt) and DMARC aggregate reports (POST /v1/dmarc).\n"


def build_app(service: Service) -> FastAPI:
    """The ASGI application over one service; no documentation pages on a public listener."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for route in ROUTES:
        app.add_route(route.path, _poster(route, service), methods=["POST"], include_in_schema=False)
    app.add_route("/", _about, methods=["GET"], include_in_schema=False)
    app.add_exception_handler(HTTPException, _refuser(service))
    return app


async def _about(request: Request) -> Response:
    return PlainTextResponse(ABOUT)


def _refuser(service: Service) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Unknown paths and methods, in the same form as every other refusal."""

    async def refuse(request: Request, error: Exception) -> Response:
        wrong_method = isinstance(error, HTTPException) and error.status_code == 405
        allowed = "GET" if request.url.path == "/" else "POST"
        return service.respond(answers.not_allowed(allowed) if wrong_method else answers.not_found())

    return refuse


def _poster(route: Route, service: Service) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        try:
            answer = await _take(request, route, service)
        except ClientDisconnect:
            service.counters.weird["connection_broken"] += 1
            return Response(status_code=400)  # nobody is there to read it
        except Exception:
            log.exception("posting to %s failed", route.path)
            answer = answers.busy("internal_error", service.settings.retry_seconds)
        return service.respond(answer)

    return post


async def _take(request: Request, route: Route, service: Service) -> Answer:
    """Who, what, how much: then the body, and only after it is durable the 201."""
    token_name = service.tokens.owner(request.headers.get("authorization")) if route.needs_token else None
    if route.needs_token and token_name is None:
        return answers.no_token()
    if not route.takes(request.headers.get("content-type")):
        return answers.wrong_type(route)
    if service.closing:
        return answers.busy("shutting_down", service.settings.retry_seconds)
    if service.requests >= service.settings.request_limit:
        return answers.busy("too_many_requests", service.settings.retry_seconds)
    try:
        service.delivery.check()
    except NotDurable as error:
        return answers.not_durable(error, service.settings.retry_seconds, body_unread=True)
    return await _receive(request, route, service, token_name)


async def _receive(request: Request, route: Route, service: Service, token_name: str | None) -> Answer:
    lease = Lease(service.in_flight)
    service.requests += 1
    try:
        body = await read_body(request, service.settings, lease)
        if isinstance(body, Answer):
            return body
        return answers.stored(await service.delivery.deliver(_record(request, route, service, body, token_name), lease.hand_over()))
    except NotDurable as error:
        return answers.not_durable(error, service.settings.retry_seconds)
    finally:
        service.requests -= 1
        lease.close()


def _record(request: Request, route: Route, service: Service, body: bytes, token_name: str | None) -> SpoolRecord:
    client = request.client
    return SpoolRecord(
        way=route.way,
        content=route.content,
        arrived_at=service.clock.wall(),
        body=body,
        peer_address=client.host.removeprefix("::ffff:") if client else None,
        peer_port=(client.port or None) if client else None,
        tls_version=getattr(request.state, "tls_version", None),
        http_path=route.path,
        media_type=media_type(request.headers.get("content-type")),
        token_name=token_name,
    )
