"""``stripwatch incidents``"""

from __future__ import annotations

from stripwatch.cli.listing import listing

COLUMNS = ("severity", "state", "rule", "subject", "affected", "total", "lower", "agreement", "last_seen", "summary")
command = listing("incidents", COLUMNS, says="List what was found, the newest first.", example="stripwatch incidents state=open --since 7d")
