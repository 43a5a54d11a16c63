"""The collector's one way out: a sink that makes a record durable before it returns."""

from __future__ import annotations

from typing import Protocol

from ingest.spool.record import SpoolRecord


class RecordSink(Protocol):
    """What the spool is to a producer."""

    async def append_async(self, record: SpoolRecord) -> str:
        """Make the record durable and return its id; raise one of ``ingest.spool.errors`` when that cannot be done."""
        ...

    def check(self, size: int = 0) -> None:
        """Raise what an append of ``size`` bytes would get now, as far as is known: asked before a body is read at all."""
        ...
