"""An answer on the wire; a refused body's rest is read away for a moment first (nginx: ``lingering_close``).

Closing at once while the sender still sends makes its kernel throw our answer away with a reset, and the sender
would see a broken connection, which it repeats, where it was told 413, which it does not.
"""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from collector.https.answers import Answer


class AnswerResponse(Response):
    """JSON; after a body that was not read to its end the connection is closed."""

    media_type = "application/json"

    def __init__(self, answer: Answer, linger_seconds: float) -> None:
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff", **answer.headers}
        if answer.body_unread:
            headers["connection"] = "close"
        super().__init__(answer.body(), status_code=answer.status, headers=headers)
        self._linger = linger_seconds if answer.body_unread else 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the whole body first, its end only after the lingering, since the server closes then."""
        if not self._linger:
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await _read_away(receive, self._linger)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read_away(receive: Receive, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
    except TimeoutError:
        return
