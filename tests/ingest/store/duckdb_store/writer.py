"""A process that writes batches to a DuckDB file and says so after each, until it is killed.

python writer.py FILE FIRST_BATCH
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document

BATCH = 20
START = datetime(2026, 1, 1, tzinfo=UTC)


def batch(number: int) -> list[Document]:
    places = range(number * BATCH, (number + 1) * BATCH)
    return [
        Document(dataset="sessions", id=f"d{n}", fields={"@timestamp": START + timedelta(seconds=n), "source.port": n % 65_536})
        for n in places
    ]


if __name__ == "__main__":
    store = DuckStore(sys.argv[1], memory_limit="256MB", threads=1)
    number = int(sys.argv[2])
    while True:
        store.create(batch(number))
        print(number, flush=True)
        number += 1
