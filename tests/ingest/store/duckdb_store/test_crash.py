"""kill -9 in the middle of writing: what was acknowledged is there, nothing is half there, the file opens."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import EXISTS, select_all
from ingest.store.query import Query, Selection

from .writer import BATCH, batch

WRITER = Path(__file__).with_name("writer.py")
ROOT = Path(__file__).parents[4]


def kill_a_writer(path: Path, first: int, seconds: float) -> int:
    """Number of the last batch acknowledged, ``first - 1`` when there was none."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(WRITER), str(path), str(first)], stdout=subprocess.PIPE, env=environment, text=True
    ) as writer:
        assert writer.stdout is not None
        last = int(writer.stdout.readline())
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        for line in writer.stdout:
            if line.endswith("\n"):
                last = int(line)
    return last


def crash_loop(path: Path, kills: int) -> None:
    chance = random.Random(kills)
    first = 0
    for _ in range(kills):
        last = kill_a_writer(path, first, chance.uniform(0.0, 0.4))
        store = DuckStore(path, memory_limit="256MB", threads=1)
        found = {document.id for document in select_all(store, Selection(dataset="sessions", limit=5_000))}
        count = store.aggregate(Query(dataset="sessions"))[0]["count"]
        assert count == len(found)
        assert found >= {f"d{n}" for n in range((last + 1) * BATCH)}, "an acknowledged document is gone"
        assert count % BATCH == 0, "half a batch is there"
        assert set(store.create(batch(last))) == {EXISTS}
        store.close()
        first = count // BATCH


def test_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    crash_loop(tmp_path / "store.duckdb", 3)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_hundreds_of_kills_lose_nothing(tmp_path: Path) -> None:
    crash_loop(tmp_path / "store.duckdb", 250)
