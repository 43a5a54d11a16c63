"""Read a posted body: counted, paced, and never more of it in memory than is leased."""

from __future__ import annotations

import asyncio
from io import BytesIO

from starlette.requests import ClientDisconnect, Request

from collector.https import answers
from collector.https.answers import Answer
from collector.https.settings import HttpsSettings
from collector.in_flight import Lease
from collector.pace import Pace

SLACK = 64 * 1024
"""Leased ahead: one chunk that the server may hand over at once."""


async def read_body(request: Request, settings: HttpsSettings, lease: Lease) -> bytes | Answer:
    """The body as it came, or why it is refused. Raises ClientDisconnect."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > settings.body_limit:
        return answers.too_large(settings.body_limit)
    loop = asyncio.get_running_loop()
    pace = Pace(loop.time(), settings.body_grace, settings.body_rate, settings.body_seconds)
    body = BytesIO()
    more = True
    while more:
        if not lease.grow_to(min(body.tell() + SLACK, settings.body_limit)):
            return answers.busy("in_flight_full", settings.retry_seconds)
        try:
            async with asyncio.timeout_at(pace.deadline(body.tell())):
                message = await request.receive()
        except TimeoutError:
            return answers.too_slow()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        if body.tell() + len(chunk) > settings.body_limit:
            return answers.too_large(settings.body_limit)
        body.write(chunk)
        more = message.get("more_body", False)
    return body.getvalue() or answers.empty()
