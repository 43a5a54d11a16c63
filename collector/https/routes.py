"""What may be posted where. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.spool.record import Content, Way

_GZIP = ("application/gzip", "application/x-gzip", "application/x-gzip-compressed")
_ZIP = ("application/zip", "application/x-zip", "application/x-zip-compressed", "application/x-compressed")


@dataclass(frozen=True, slots=True)
class Route:
    """One path, the media types it takes, and what its records are."""

    path: str
    media_types: tuple[str, ...]
    way: Way
    content: Content
    needs_token: bool = False

    def takes(self, content_type: str | None) -> bool:
        """Whether a Content-Type (parameters aside, any case) is one of ours."""
        return media_type(content_type) in self.media_types


def media_type(content_type: str | None) -> str:
    """``type/subtype`` in lower case; "" without one."""
    return (content_type or "").partition(";")[0].strip().casefold()


ROUTES = (
    Route("/v1/tlsrpt", ("application/tlsrpt+json", "application/tlsrpt+gzip"), "https", "report"),
    Route("/v1/dmarc", ("application/xml", "text/xml", *_GZIP, *_ZIP), "https", "report"),
    Route("/v1/sessions", ("application/x-ndjson", "application/ndjson", "application/jsonl"), "sensor", "sessions", needs_token=True),
)
"""RFC 8460 §5.4 names the first's types; RFC 9990 §3.5.2 XML and gzip, and many senders zip."""
