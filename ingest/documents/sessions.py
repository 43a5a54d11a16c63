"""A session object, as ``stripwatch sniff --json`` prints it, as a document of the dataset ``sessions``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.documents.ends import far_end_address, far_end_fields, path_text, place_fields
from ingest.documents.errors import BadSession
from ingest.documents.fields import CHECKS, flatten, shape_of
from ingest.enrich.enricher import Enricher
from ingest.identity import session_id
from ingest.store.protocol import Document
from ingest.store.schema import SESSIONS, VERDICTS

REQUIRED = ("@timestamp", "source.ip", "destination.ip", "destination.port", "smtp.verdict")
LOCAL_FIELDS = ("far_end.", "spool.", "tenant", "event.ingested", "network.path")
"""Ours to work out: what a sensor says of them is not taken over."""
_SHAPE = shape_of(SESSIONS)
_TAKEN = {field.name: CHECKS[field.type] for field in SESSIONS.fields if not field.name.startswith(LOCAL_FIELDS)}


def session_document(session: Mapping[str, Any], enricher: Enricher, origin: Mapping[str, Any]) -> Document:
    """Check, flatten and enrich one session. ``origin`` holds spool.id, tenant and event.ingested.

    Fields that the schema lacks are left out of the document (the spool's record keeps them). Raises BadSession
    naming the first field that is missing or of the wrong type.
    """
    flat = flatten(session, _SHAPE)
    fields = _known_fields(flat)
    for name in REQUIRED:
        if name not in fields:
            raise BadSession(f"{name} is missing")
    if fields["smtp.verdict"] not in VERDICTS:
        raise BadSession(f"smtp.verdict {fields['smtp.verdict']!r:.60} is none of the nine")
    words = _evidence_words(fields.get("smtp.evidence"))
    if words:
        fields["smtp.evidence_words"] = words
    fields.update(place_fields("source", fields["source.ip"], enricher))
    fields.update(place_fields("destination", fields["destination.ip"], enricher))
    fields.update(far_end_fields(far_end_address(fields), enricher))
    fields["network.path"] = path_text(fields)
    fields.update(origin)
    return Document(dataset=SESSIONS.name, id=_identity(session, flat), fields=fields)


def _evidence_words(evidence: Any) -> list[str]:
    """The words of a list of evidence, for filtering; whatever has another shape has none."""
    if not evidence or not isinstance(evidence, list):
        return []
    return sorted({item["word"] for item in evidence if isinstance(item, dict) and isinstance(item.get("word"), str)})


def _known_fields(flat: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in flat.items():
        check = _TAKEN.get(name)
        if check is None:
            continue
        try:
            fields[name] = check(value)
        except ValueError as error:
            raise BadSession(f"{name}: {error}") from error
    return fields


def _identity(session: Mapping[str, Any], flat: Mapping[str, Any]) -> str:
    """The sensor's own ``event.id`` (it knows the first sequence number), else one made of what stands here."""
    event = session.get("event")
    given = event.get("id") if isinstance(event, Mapping) else session.get("event.id")
    if isinstance(given, str) and 16 <= len(given) <= 64 and given.isalnum():
        return given
    return session_id(flat)
