"""What only the DuckDB store promises: one holder, growth, threads, errors told apart."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingest.store import answer
from ingest.store.duckdb_store.files import log_path, set_aside
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.errors import StoreDamaged, StoreLocked, StoreUnavailable, TooManyGroups
from ingest.store.protocol import CREATED, EXISTS, Document
from ingest.store.query import MAX_GROUPS, Query, Selection

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def session(n: int) -> Document:
    return Document(dataset="sessions", id=f"s{n}", fields={"@timestamp": NOON + timedelta(seconds=n), "source.bytes": n})


def test_documents_survive_closing(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    first = DuckStore(path)
    first.create([session(1)])
    first.close()
    second = DuckStore(path)
    second.prepare()
    assert second.create([session(1), session(2)]) == [EXISTS, CREATED]
    second.close()


def test_a_file_held_by_another_process_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    DuckStore(path).close()
    holder = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreLocked, match="is held by another process"):
            DuckStore(path)
        other.communicate()
    DuckStore(path).close()


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1_000)


def _flipped_header(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[16:4096] = bytes(4080)
    path.write_bytes(raw)


def _garbled_log(path: Path) -> None:
    log = bytearray(log_path(path).read_bytes())
    middle = len(log) // 2
    log[middle : middle + 2_000] = b"\xff" * 2_000
    log_path(path).write_bytes(log)


def _with_log(path: Path) -> None:
    """A file whose log was not folded in, as a crash leaves it."""
    writer = "\n".join(
        [
            "import os, sys",
            "from ingest.store.duckdb_store.store import DuckStore",
            "from tests.ingest.store.duckdb_store.writer import batch",
            "store = DuckStore(sys.argv[1])",
            "[store.create(batch(n)) for n in range(10)]",
            "os._exit(0)",
        ]
    )
    subprocess.run([sys.executable, "-c", writer, str(path)], check=True, cwd=Path(__file__).parents[4])
    assert log_path(path).stat().st_size > 10_000


@pytest.mark.parametrize("damage", [_garbage, _flipped_header, _garbled_log])
def test_a_damaged_file_is_named_and_can_be_set_aside(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "store.duckdb"
    _with_log(path)
    damage(path)
    with pytest.raises(StoreDamaged, match=str(path)):
        DuckStore(path)
    assert path.with_name("store.duckdb.damaged-1") in set_aside(path, "damaged-1")
    fresh = DuckStore(path)
    assert fresh.create([session(1)]) == [CREATED]
    fresh.close()
    assert path.with_name("store.duckdb.damaged-1").exists()


def test_a_file_that_may_not_be_read_is_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        DuckStore(tmp_path / "no" / "such" / "folder.duckdb")


def test_a_column_that_the_schema_gained_is_added(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    store = DuckStore(path)
    store.create([session(1)])
    store.close()
    with duckdb.connect(str(path)) as older:
        older.execute('ALTER TABLE sessions DROP COLUMN "smtp.helo"')
        older.execute('ALTER TABLE sessions DROP COLUMN "source.ip bytes"')
        older.execute("DROP TABLE arrivals")
    store = DuckStore(path)
    new = Document(dataset="sessions", id="new", fields={"@timestamp": NOON, "smtp.helo": "x", "source.ip": "192.0.2.1"})
    assert store.create([new, session(1)]) == [CREATED, EXISTS]
    assert store.get("sessions", "new") == new
    assert store.get("arrivals", "x") is None
    store.close()


def test_a_column_of_another_type_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    with duckdb.connect(str(path)) as foreign:
        foreign.execute('CREATE TABLE sessions (id VARCHAR PRIMARY KEY, "@timestamp" DATE)')
    with pytest.raises(StoreDamaged, match="'@timestamp' of sessions is DATE, where the schema says TIMESTAMP"):
        DuckStore(path)


def test_threads_write_and_read_at_once(duck: DuckStore) -> None:
    fates: list[str] = []
    seen: list[int] = []

    def write() -> None:
        for start in range(0, 200, 20):
            fates.extend(fate.outcome for fate in duck.create([session(n) for n in range(start, start + 20)]))

    def read() -> None:
        for _ in range(30):
            count = duck.aggregate(Query(dataset="sessions"))[0]["count"]
            seen.append(count)
            assert count % 20 == 0, "half a batch was seen"
            duck.select(Selection(dataset="sessions", limit=10))

    threads = [threading.Thread(target=work) for work in (write, write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fates.count("created") == 200
    assert fates.count("exists") == 400
    assert len(seen) == 60


def test_a_failed_write_leaves_nothing_and_the_next_succeeds(duck: DuckStore) -> None:
    with duck._writing:
        duck._connection.execute("ALTER TABLE sessions RENAME TO elsewhere")
    with pytest.raises(StoreUnavailable):
        duck.create([Document(dataset="dmarc", id="d", fields={"@timestamp": NOON}), session(1)])
    with duck._writing:
        duck._connection.execute("ALTER TABLE elsewhere RENAME TO sessions")
    assert duck.get("dmarc", "d") is None
    assert duck.create([session(1)]) == [CREATED]


def test_a_connection_that_broke_is_opened_again(duck: DuckStore) -> None:
    duck.create([session(1)])
    duck._connection.close()
    with pytest.raises(StoreUnavailable):
        duck.create([session(2)])
    assert duck.create([session(1), session(2)]) == [EXISTS, CREATED]
    duck._connection.close()
    with pytest.raises(StoreUnavailable):
        duck.aggregate(Query(dataset="sessions"))
    assert duck.aggregate(Query(dataset="sessions")) == [{"count": 2}]


def test_an_answer_is_never_cut_silently(duck: DuckStore) -> None:
    duck.create([session(n) for n in range(MAX_GROUPS)])
    assert len(duck.aggregate(Query(dataset="sessions", group_by=("source.bytes",)))) == MAX_GROUPS
    duck.create([session(MAX_GROUPS)])
    with pytest.raises(TooManyGroups, match=str(answer.MAX_GROUPS)):
        duck.aggregate(Query(dataset="sessions", group_by=("source.bytes",), limit=3))
