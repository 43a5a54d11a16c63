"""What the poster is told: JSON with a stable ``error``, and Retry-After where a repeat can succeed. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from collector.errors import NotDurable
from collector.https.routes import Route


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body and headers. ``body_unread``: the sender may still be sending."""

    status: int
    content: dict[str, object]
    headers: dict[str, str] = field(default_factory=dict)
    body_unread: bool = False

    @property
    def reason(self) -> str:
        """The stable word of a refusal."""
        return str(self.content.get("error", "accepted"))

    def body(self) -> bytes:
        """The JSON text."""
        return json.dumps(self.content).encode() + b"\n"


def stored(record_id: str) -> Answer:
    """Said only after the record is durable."""
    return Answer(201, {"id": record_id})


def not_durable(error: NotDurable, retry_seconds: int, *, body_unread: bool = False) -> Answer:
    """The record did not become durable, or would not have."""
    if error.kind == "too_large":
        return Answer(413, {"error": error.reason})
    seconds = int(error.retry_after) if error.kind == "full" else retry_seconds
    return Answer(503, {"error": error.reason}, {"retry-after": str(seconds)}, body_unread=body_unread)


def busy(reason: str, retry_seconds: int) -> Answer:
    """No room for this request now."""
    return Answer(503, {"error": reason}, {"retry-after": str(retry_seconds)}, body_unread=True)


def too_large(limit: int) -> Answer:
    """A repeat cannot succeed."""
    return Answer(413, {"error": "body_too_large", "limit": limit}, body_unread=True)


def too_slow() -> Answer:
    """The body did not come in time."""
    return Answer(408, {"error": "too_slow"}, body_unread=True)


def empty() -> Answer:
    """Nothing was posted, so there is nothing to keep."""
    return Answer(400, {"error": "body_empty"})


def wrong_type(route: Route) -> Answer:
    """Another media type; the accepted ones are listed."""
    return Answer(
        415,
        {"error": "media_type_unsupported", "accepted": list(route.media_types)},
        {"accept": ", ".join(route.media_types), "accept-post": ", ".join(route.media_types)},
        body_unread=True,
    )


def no_token() -> Answer:
    """RFC 6750 section 3."""
    return Answer(401, {"error": "token_invalid"}, {"www-authenticate": 'Bearer realm="stripwatch"'}, body_unread=True)


def not_found() -> Answer:
    """Nothing is here."""
    return Answer(404, {"error": "not_found"}, body_unread=True)


def not_allowed(allowed: str) -> Answer:
    """Another method."""
    return Answer(405, {"error": "method_not_allowed"}, {"allow": allowed}, body_unread=True)
