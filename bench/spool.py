"""How many durable appends a second the spool takes, and how long each waits.

``python bench/spool.py [--folder DIR] [--seconds S] [--bytes N]``: 1, 10, 100 and 1,000 producers, as threads and as
asyncio tasks, each sending the next record when the last is durable; then append_many, and draining. Every append is
followed by an fdatasync that covers it before it counts. Put the folder on the disk that the service will use.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool

PRODUCERS = (1, 10, 100, 1_000)
LIMITS = SpoolLimits(pending_bytes=64 << 30, min_free_bytes=0)


def threads(spool: Spool, record: SpoolRecord, producers: int, seconds: float) -> list[float]:
    """Seconds that each append took."""
    took: list[list[float]] = [[] for _ in range(producers)]
    start = threading.Barrier(producers + 1)

    def produce(mine: list[float]) -> None:
        start.wait()
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            spool.append(record)
            mine.append(time.perf_counter() - began)

    running = [threading.Thread(target=produce, args=(mine,)) for mine in took]
    for thread in running:
        thread.start()
    start.wait()
    for thread in running:
        thread.join()
    return [one for mine in took for one in mine]


def tasks(spool: Spool, record: SpoolRecord, producers: int, seconds: float) -> list[float]:
    took: list[float] = []

    async def produce(end: float) -> None:
        while (began := time.perf_counter()) < end:
            await spool.append_async(record)
            took.append(time.perf_counter() - began)

    async def run() -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(produce(end) for _ in range(producers)))

    asyncio.run(run())
    return took


def row(name: str, producers: int | str, count: int, seconds: float, took: list[float], commits: int) -> None:
    took.sort()
    middle, late = (f"{took[int(len(took) * share)] * 1000:8.2f}" if took else "       –" for share in (0.50, 0.99))
    print(f"| {name:12} | {producers:>9} | {count / seconds:>9,.0f} | {middle} | {late} | {count / max(commits, 1):>10.1f} |")


def measure(folder: Path, seconds: float, size: int) -> None:
    record = SpoolRecord(way="smtp", content="mail", arrived_at=1, body=os.urandom(size), mail_from="a@example.org")
    print(f"{size:,} bytes a record, {seconds:g} s each, {os.cpu_count()} cores, {folder}\n")
    print("| producers as | producers | appends/s |   p50 ms |   p99 ms | a commit |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, produce in (("threads", threads), ("asyncio", tasks)):
        for producers in PRODUCERS:
            with Spool.open(folder, limits=LIMITS) as spool:
                began = time.perf_counter()
                took = produce(spool, record, producers, seconds)
                row(name, producers, len(took), time.perf_counter() - began, took, spool.counters.commits)
            drain(folder)
    with Spool.open(folder, limits=LIMITS) as spool:
        began = time.perf_counter()
        count = len(spool.append_many(record for _ in range(20_000)))
        row("append_many", 1, count, time.perf_counter() - began, [], spool.counters.commits)
    began = time.perf_counter()
    count = drain(folder)
    row("drained", 1, count, time.perf_counter() - began, [], count // 500)


def drain(folder: Path) -> int:
    count = 0
    with SpoolReader.open(folder, limits=SpoolLimits(retired_bytes=0, min_free_bytes=0, tidy_seconds=0.0)) as reader:
        while batch := reader.read():
            count += len(batch)
            reader.commit()
        reader.tidy()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to make the spool (default: a temporary folder)")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--bytes", type=int, default=10_240)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="spool-bench-", dir=arguments.folder))
    try:
        measure(folder, arguments.seconds, arguments.bytes)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
