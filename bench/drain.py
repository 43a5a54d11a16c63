"""How fast records go from the spool through the drain into DuckDB, in one process.

    python -m bench.drain [--sessions 20000] [--reports 2000]

Sessions come as NDJSON records of 200, reports as gzipped aggregate reports of ten records. What is
measured is ``Drain.step`` until nothing waits: reading the spool, parsing, enriching, writing, committing.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from bench.stores import session
from ingest.dead_letters.folder import DeadLetters
from ingest.drain.drain import Drain
from ingest.drain.judgement import WayJudge
from ingest.enrich.enricher import Enricher
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from ingest.store.duckdb_store.store import DuckStore

ROOT = Path(__file__).resolve().parent.parent
SESSIONS_A_RECORD = 200
REPORT_ROWS = 10


def session_records(count: int) -> Iterator[SpoolRecord]:
    """NDJSON as a sensor posts it, a few hundred sessions a record."""
    chance = random.Random(1)
    for start in range(0, count, SESSIONS_A_RECORD):
        numbers = range(start, min(start + SESSIONS_A_RECORD, count))
        lines = [orjson.dumps(session(chance, number, count).fields) for number in numbers]
        yield SpoolRecord(way="sensor", content="sessions", arrived_at=time.time_ns(), body=b"\n".join(lines))


def report_records(count: int, folder: Path) -> Iterator[SpoolRecord]:
    """Gzipped aggregate reports of ten records, as reporters post them."""
    script = ROOT / "bench" / "make_reports.py"
    subprocess.run([sys.executable, script, folder, "--large=1", f"--small={count}", "--tls=0"], check=True, stdout=subprocess.DEVNULL)
    for path in sorted(folder.glob("small-*.xml.gz")):
        yield SpoolRecord(way="https", content="report", arrived_at=time.time_ns(), body=path.read_bytes())


def seconds_to_drain(records: Iterable[SpoolRecord], folder: Path) -> float:
    """Wall clock of the drain alone. Raises SystemExit when not every item was stored."""
    with Spool.open(folder / "spool") as spool:
        spool.append_many(records)
    store = DuckStore(folder / "store.duckdb")
    with SpoolReader.open(folder / "spool") as reader:
        drain = Drain(
            reader=reader,
            store=store,
            dead_letters=DeadLetters(folder / "dead"),
            enricher=Enricher([]),
            judge=WayJudge(),
            clock=time.time_ns,
        )
        begun = time.perf_counter()
        while drain.step() is not None:
            pass
        taken = time.perf_counter() - begun
    store.close()
    if set(drain.counters.outcomes.outcomes) != {"stored"}:
        raise SystemExit(f"not all was stored: {drain.counters.outcomes}")
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sessions", type=int, default=20_000)
    options.add_argument("--reports", type=int, default=2_000)
    given = options.parse_args()
    print("| spool → DuckDB | count | seconds | a second |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        for name, count, records in (
            ("sessions", given.sessions, session_records(given.sessions)),
            (f"reports of {REPORT_ROWS} records", given.reports, report_records(given.reports, made / "reports")),
        ):
            folder = made / f"drain-{name.split()[0]}"
            folder.mkdir()
            taken = seconds_to_drain(records, folder)
            print(f"| {name} | {count:,} | {taken:.2f} | {count / taken:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
