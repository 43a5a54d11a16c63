"""``stripwatch sessions``"""

from __future__ import annotations

from stripwatch.cli.listing import listing

COLUMNS = (
    "@timestamp",
    "smtp.verdict",
    "network.direction",
    "source.ip",
    "destination.ip",
    "far_end.geo.country_iso_code",
    "tls.version",
    "tls.cipher",
    "network.path",
)
command = listing(
    "sessions",
    COLUMNS,
    says="List the mail sessions seen on the wire, the newest first.",
    example="stripwatch sessions far_end.geo.country_iso_code=TN --since 24h",
)
