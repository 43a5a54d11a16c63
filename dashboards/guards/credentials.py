"""The optional password: HTTP Basic for people (any user name), bearer token for programs. Compared in constant time."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = frozenset({"/healthz", "/readyz"})
"""Probes carry no secret and learn none."""


class PasswordCheck:
    """Answers 401 without the password."""

    def __init__(self, app: ASGIApp, password: str) -> None:
        self.app = app
        self.digest = _digest(password)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN or self._admits(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        asks = {"WWW-Authenticate": 'Basic realm="stripwatch", charset="UTF-8"'}
        await PlainTextResponse("The dashboard wants its password.\n", 401, asks)(scope, receive, send)

    def _admits(self, headers: Headers) -> bool:
        given = secret(headers.get("authorization", ""))
        return given is not None and hmac.compare_digest(_digest(given), self.digest)


def secret(header: str) -> str | None:
    """The password in an Authorization header (RFC 7617, RFC 6750), None when there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user_and_password = b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    _, colon, password = user_and_password.partition(":")
    return password if colon else None


def _digest(text: str) -> bytes:
    """Equal lengths, whatever the passwords' lengths."""
    return hashlib.sha256(text.encode()).digest()
