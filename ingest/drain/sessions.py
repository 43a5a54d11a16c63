"""Records of sessions: NDJSON, one session a line, as ``stripwatch sniff --json`` prints it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from ingest.dead_letters.letter import Letter
from ingest.documents.arrivals import Tally
from ingest.documents.errors import BadSession
from ingest.documents.sessions import session_document
from ingest.drain.batch import Batch, Origin
from ingest.enrich.enricher import Enricher
from ingest.store.protocol import Document

MAX_SESSIONS_BYTES = 256 << 20
"""Inflated size at which a posted body stops being read."""


class TooManySessions(BadSession):
    """The body inflates beyond the bound."""

    reason = "too_large"


def session_lines(body: bytes) -> Iterator[bytes]:
    """The lines of a body, inflated when it is gzip. Raises BadSession for a body that cannot be inflated."""
    text = _inflated(body) if body[:2] == b"\x1f\x8b" else body
    return (line for line in text.split(b"\n") if line.strip())


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(body, MAX_SESSIONS_BYTES)
    except zlib.error as error:
        raise BadSession(f"gzip: {error}") from error
    if inflater.unconsumed_tail:
        raise TooManySessions(f"more than {MAX_SESSIONS_BYTES} bytes of sessions in one body")
    return text


def line_document(line: bytes, enricher: Enricher, origin: Mapping[str, Any]) -> Document:
    """One line as a document. Raises BadSession for what is no JSON object or no session."""
    try:
        session = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadSession(f"no JSON: {error}") from error
    if not isinstance(session, dict):
        raise BadSession("a JSON object is wanted")
    return session_document(session, enricher, origin)


class SessionIntake:
    """Turns one record of sessions into documents."""

    def __init__(self, enricher: Enricher, tenant_of: Callable[[str | None], str | None]) -> None:
        self._enricher = enricher
        self._tenant_of = tenant_of

    def take(self, origin: Origin, batch: Batch, tally: Tally) -> None:
        """Each line is one item; a body that cannot be read at all is one too."""
        body = origin.stored.record.body
        try:
            lines = list(session_lines(body))
        except BadSession as error:
            batch.bury(origin.letter(0, error.reason, str(error), body), tally)
            return
        if not lines:
            batch.bury(origin.letter(0, "no_sessions", "not one session in it", body), tally)
        tenant = self._tenant_of(None)
        tally.tenants.add(tenant)
        fields = origin.fields(tenant)
        for item, line in enumerate(lines):
            try:
                document = line_document(line, self._enricher, fields)
            except BadSession as error:
                batch.bury(origin.letter(item, error.reason, str(error), line), tally)
                continue
            batch.add(document, tally, origin, _rejection(origin, item, line))


def _rejection(origin: Origin, item: int, line: bytes) -> Callable[[str], Letter]:
    return lambda reason: origin.letter(item, "store_rejected", reason, line)
