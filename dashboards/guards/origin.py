"""Same-origin check for everything that changes something. The dashboard sets no cookie, but a browser adds a Basic
password by itself, and on loopback there may be none: so a form that another site posts must be told from our own."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers

from dashboards.errors import ForeignRequest


def require_same_origin(headers: Headers) -> None:
    """Raises ForeignRequest unless the browser says that the request comes from our own pages, or the caller is a
    program that proves not to be a browser's form by a header that no form can send (Authorization: Bearer)."""
    if headers.get("authorization", "").lower().startswith("bearer "):
        return
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise ForeignRequest("the form was sent from another site")
    origin = headers.get("origin")
    if origin is not None:
        if urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
            raise ForeignRequest(f"the form was sent from {origin}")
    elif site is None:
        raise ForeignRequest("neither Origin nor Sec-Fetch-Site says where the form was sent from")
