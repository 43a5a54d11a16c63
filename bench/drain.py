"""What the drain costs, stage by stage, into both stores: how many sessions and reports a second one core takes.

    python -m bench.drain [--sessions 20000] [--reports 2000] [--node | --elasticsearch URL]

Sessions are what the sniffer prints of a made capture (about 1.7 KB each with their dialogue), from 5,000 peers, 200 a
spool record; reports are gzipped aggregate reports of ten records. Each stage does what the one before it does and one
thing more, in a process of its own: reading the spool; documents with the packaged places of addresses, written nowhere;
the same into a store, each item accounted for, checkpoint and all. CPU is this process's, DuckDB's threads with it,
Elasticsearch's own not; the wall clock also holds what was waited for: the disk, the node, the machine's other work.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bench.stores import START
from ingest.dead_letters.folder import DeadLetters
from ingest.drain.drain import Drain
from ingest.drain.garbage import look_rarely
from ingest.drain.judgement import WayJudge
from ingest.enrich.enricher import Enricher
from ingest.enrich.packaged import PackagedPlaces
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.elasticsearch_store.store import ElasticsearchStore
from ingest.store.protocol import CREATED, Document, Fate, Store
from ingest.store.schema import DATASETS

ROOT = Path(__file__).resolve().parent.parent
CAPTURED = 2_000
PEERS = 5_000
SESSIONS_A_RECORD = 200
REPORT_ROWS = 10
READ, DOCUMENTS, DUCKDB, ELASTICSEARCH = "spool read", "+ documents", "+ into DuckDB", "+ into Elasticsearch"


class Nowhere(DuckStore):
    """Takes everything and keeps nothing: what is left is the drain's own cost."""

    def create(self, documents: Any) -> list[Fate]:
        return [CREATED] * len(documents)

    def put(self, documents: Any) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Cost:
    cpu: float
    wall: float
    peak_mib: float


def captured_sessions(folder: Path) -> list[dict[str, Any]]:
    """Sessions of a made capture, as the sniffer prints them."""
    capture = folder / "made.pcap"
    _run("bench.make_pcap", f"--sessions={CAPTURED}", str(capture))
    return [orjson.loads(line) for line in _run("stripwatch", "sniff", "--json", str(capture)).splitlines()]


def _run(module: str, *arguments: str) -> bytes:
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def session_records(count: int, made: list[dict[str, Any]]) -> Iterator[SpoolRecord]:
    """The made sessions over and over, each with its own id, time and one of the peers."""
    chance = random.Random(1)
    peers = [f"{chance.randrange(11, 190)}.{chance.randrange(256)}.{chance.randrange(256)}.7" for _ in range(PEERS)]
    for start in range(0, count, SESSIONS_A_RECORD):
        lines = []
        for number in range(start, min(start + SESSIONS_A_RECORD, count)):
            session = made[number % len(made)]
            session["event"]["id"] = f"{number:032x}"
            session["@timestamp"] = (START + timedelta(days=30) * (number / count)).isoformat()
            session["source"]["ip"] = chance.choice(peers)
            lines.append(orjson.dumps(session))
        yield SpoolRecord(way="sensor", content="sessions", arrived_at=time.time_ns(), body=b"\n".join(lines))


def report_records(count: int, folder: Path) -> Iterator[SpoolRecord]:
    """Gzipped aggregate reports, as reporters post them."""
    _run("bench.make_reports", str(folder), "--large=1", f"--small={count}", f"--records={REPORT_ROWS}", "--tls=0")
    for path in sorted(folder.glob("small-*.xml.gz")):
        yield SpoolRecord(way="https", content="report", arrived_at=time.time_ns(), body=path.read_bytes())


def stage_cost(stage: str, spool: Path, folder: Path, url: str | None) -> Cost:
    """One stage over all that the spool holds. Raises SystemExit when not every item was stored."""
    look_rarely()
    with SpoolReader.open(spool) as reader:
        if stage == READ:
            return _cost_of(lambda: _read(reader))
        store = _store(stage, folder, url)
        drain = Drain(
            reader=reader,
            store=store,
            dead_letters=DeadLetters(folder / "dead"),
            enricher=Enricher([PackagedPlaces()]),
            judge=WayJudge(),
            clock=time.time_ns,
        )
        cost = _cost_of(lambda: drain.step() is not None)
        if stage == ELASTICSEARCH:
            for dataset in DATASETS:
                store.delete_before(dataset, datetime(9999, 1, 1, tzinfo=UTC))
        store.close()
    if set(drain.counters.outcomes.outcomes) != {"stored"}:
        raise SystemExit(f"not all was stored: {drain.counters.outcomes}")
    return cost


def _read(reader: SpoolReader) -> bool:
    records = reader.read()
    reader.commit()
    return bool(records)


def _store(stage: str, folder: Path, url: str | None) -> Store:
    """Open and warm: the first write of a process loads libraries."""
    store: Store
    if stage == ELASTICSEARCH:
        store = ElasticsearchStore(ElasticsearchSettings(hosts=(url or "",), prefix=f"bench-{uuid.uuid4().hex[:8]}"))
    else:
        store = (DuckStore if stage == DUCKDB else Nowhere)(folder / "store.duckdb")
    store.prepare()
    store.create([Document(dataset="sessions", id="warm", fields={"@timestamp": START})])
    return store


def _cost_of(step: Any) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    while step():
        pass
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def print_costs(name: str, count: int, records: Iterable[SpoolRecord], made: Path, url: str | None) -> None:
    """One table: a stage a row."""
    with Spool.open(made / "spool") as spool:
        spool.append_many(records)
    print(
        f"\n| {count:,} {name} | CPU s | a second of CPU | wall s | a second of wall | peak RSS, MiB |\n|---|---|---|---|---|---|",
        flush=True,
    )
    for place, stage in enumerate((READ, DOCUMENTS, DUCKDB, *([ELASTICSEARCH] if url else []))):
        folder = made / f"stage-{place}"
        shutil.copytree(made / "spool", folder / "spool")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            cost = process.submit(stage_cost, stage, folder / "spool", folder, url).result()
        figures = f"{cost.cpu:.2f} | {count / cost.cpu:,.0f} | {cost.wall:.2f} | {count / cost.wall:,.0f} | {cost.peak_mib:,.0f}"
        print(f"| {stage} | {figures} |", flush=True)
        shutil.rmtree(folder)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sessions", type=int, default=20_000)
    options.add_argument("--reports", type=int, default=2_000)
    where = options.add_mutually_exclusive_group()
    where.add_argument("--elasticsearch", metavar="URL")
    where.add_argument("--node", action="store_true", help="start the tests' own Elasticsearch (Java, 2 GiB, some 20 s)")
    given = options.parse_args()
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        url = _node(ends) if given.node else given.elasticsearch
        for name, count in (("sessions", given.sessions), (f"reports of {REPORT_ROWS} records", given.reports)):
            if not count:
                continue
            made = scratch / name.split()[0]
            made.mkdir()
            records = session_records(count, captured_sessions(made)) if name == "sessions" else report_records(count, made / "reports")
            print_costs(name, count, records, made, url)


def _node(ends: ExitStack) -> str:
    import os

    from tests.elasticsearch_node import NodeMissing, running_node, stop_node

    folder = Path(tempfile.mkdtemp(prefix="bench-node-"))
    ends.callback(stop_node, folder)
    try:
        return running_node(folder, os.getpid())
    except NodeMissing as missing:
        raise SystemExit(str(missing)) from None


if __name__ == "__main__":
    main()
