"""Static files: our own and plotly.js from the installed wheel, compressed once and kept by browsers for good.

Only names in ``NAMES`` are served: no path from an address ever reaches the file system.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

NAMES = {
    "style.css": "text/css; charset=utf-8",
    "charts.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "plotly.min.js": "text/javascript; charset=utf-8",
    "world.json": "application/geo+json",
    "favicon.svg": "image/svg+xml",
}
FOR_GOOD = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and gzipped. ``tag`` is its strong entity tag, without quotes."""

    body: bytes
    packed: bytes
    tag: str


@cache
def asset(name: str) -> Asset:
    """Read and compress once. Raises KeyError for a name that isn't served."""
    if name not in NAMES:
        raise KeyError(name)
    package, path = ("plotly", "package_data/plotly.min.js") if name == "plotly.min.js" else ("dashboards", f"static/{name}")
    body = files(package).joinpath(path).read_bytes()
    return Asset(body, gzip.compress(body, 6, mtime=0), hashlib.sha256(body).hexdigest()[:16])


def version(name: str) -> str:
    """Changes when the file does."""
    return asset(name).tag


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/static/{name}")
    def static(name: str, request: Request) -> Response:
        return _response(name, request)

    @router.get("/favicon.ico")
    def favicon(request: Request) -> Response:
        return _response("favicon.svg", request)

    return router


def _response(name: str, request: Request) -> Response:
    if name not in NAMES:
        return Response("no such file\n", 404, media_type="text/plain")
    found = asset(name)
    kept = FOR_GOOD if request.query_params.get("v") == found.tag else A_WHILE
    headers = {"Cache-Control": kept, "ETag": f'"{found.tag}"', "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=NAMES[name])
    return Response(found.body, headers=headers, media_type=NAMES[name])
