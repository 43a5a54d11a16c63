"""The drain's side: at least once, each producer in order, none starved, retired only when committed."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.spool.errors import CheckpointFailed, DrainLocked, SpoolUnavailable
from ingest.spool.reader import SpoolReader
from ingest.spool.replay import replay
from ingest.spool.spool import Spool

FOLDER = Path("/spool")


@pytest.fixture
def open_spool(disk, clock, small):
    opened = []

    def make(producer="aaaaaaaaaaaa", **changes):
        opened.append(Spool.open(FOLDER, limits=replace(small, **changes), filesystem=disk, clock=clock, producer=producer))
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture
def open_reader(disk, clock, small):
    return lambda **changes: SpoolReader.open(FOLDER, limits=replace(small, **changes), filesystem=disk, clock=clock)


def ids_of(batch):
    return [stored.id for stored in batch]


def test_what_is_not_committed_is_delivered_again(open_spool, open_reader, record):
    ids = open_spool().append_many(record(number) for number in range(10))
    reader = open_reader()
    assert ids_of(reader.read(4)) == ids[:4]
    assert ids_of(reader.read(4)) == ids[4:8]
    reader.commit(ids[5])
    reader.close()
    reader = open_reader()
    assert ids_of(reader.read()) == ids[6:]
    reader.rewind()
    assert ids_of(reader.read(1)) == ids[6:7]
    with pytest.raises(KeyError):
        reader.commit("never-read")
    reader.commit()
    assert ids_of(reader.read()) == ids[7:]


def test_limits_of_a_read(open_spool, open_reader, record):
    open_spool(segment_bytes=1 << 20).append_many(record(number, 1_000) for number in range(10))
    reader = open_reader()
    assert len(reader.read(max_records=3)) == 3
    assert len(reader.read(max_bytes=2_500)) == 3
    assert len(reader.read(max_bytes=1)) == 1, "at least one, whatever its size"


def test_one_drain_at_a_time(open_reader):
    first = open_reader()
    with pytest.raises(DrainLocked):
        open_reader()
    first.close()
    open_reader().close()


def test_no_producer_starves_another(open_spool, open_reader, record):
    busy, quiet = open_spool("aaaaaaaaaaaa"), open_spool("bbbbbbbbbbbb")
    busy.append_many(record(number) for number in range(50))
    known = quiet.append(record(99))
    reader = open_reader()
    seen = ids_of(reader.read(10)) + ids_of(reader.read(10))
    assert known in seen


def test_a_segment_retires_only_after_its_commit(disk, open_spool, open_reader, record):
    spool = open_spool()
    ids = spool.append_many(record(number) for number in range(5))
    reader = open_reader()
    reader.read()
    reader.commit()
    assert reader.depth().retired_segments == 0, "still being written"
    spool.close()
    reader.read()
    reader.commit()
    depth = reader.depth()
    assert (depth.retired_segments, depth.records, depth.bytes) == (1, 0, 0)
    assert ids_of(reader.replay()) == ids


def test_idle_waiting_retires_too(open_spool, open_reader, record):
    spool = open_spool()
    spool.append(record(1))
    reader = open_reader()
    reader.read()
    reader.commit()
    spool.close()
    assert reader.wait(0.01)  # its producer let go
    assert reader.read() == []
    reader.wait(0)
    assert reader.depth().retired_segments == 1


def test_replay_gives_what_was_drained_and_only_that(disk, open_spool, open_reader, record):
    spool = open_spool()
    old = [spool.append(record(number, 500)) for number in range(8)]
    reader = open_reader()
    while reader.read():
        reader.commit()
    fresh = spool.append(record(50))
    assert ids_of(replay(FOLDER, filesystem=disk)) == old
    since = record(6).arrived_at
    assert ids_of(replay(FOLDER, since=since, filesystem=disk)) == old[6:]
    assert ids_of(reader.read()) == [fresh]


def test_an_in_process_append_wakes_a_waiting_reader(tmp_path, record):
    with Spool.open(tmp_path) as spool, SpoolReader.open(tmp_path) as reader:
        spool.on_commit(reader.wake)
        reader.wait(0)
        timer = threading.Timer(0.1, spool.append, (record(1),))
        began = time.monotonic()
        timer.start()
        assert reader.wait(10)
        assert time.monotonic() - began < 0.4
        timer.join()
        assert len(reader.read()) == 1


def test_another_process_s_append_is_found_by_polling(tmp_path, record):
    with Spool.open(tmp_path) as spool, SpoolReader.open(tmp_path) as reader:
        timer = threading.Timer(0.1, spool.append, (record(1),))
        began = time.monotonic()
        timer.start()
        assert reader.wait(10)
        assert time.monotonic() - began < 1.2
        timer.join()


def test_waiting_ends_without_records(tmp_path):
    with SpoolReader.open(tmp_path) as reader:
        began = time.monotonic()
        assert not reader.wait(0.2)
        assert 0.15 < time.monotonic() - began < 1
        reader.wake()
        assert reader.wait(10)
        assert time.monotonic() - began < 2


def test_a_checkpoint_that_fails_costs_a_repeat(disk, open_spool, open_reader, record):
    ids = open_spool().append_many(record(number) for number in range(3))
    reader = open_reader()
    assert ids_of(reader.read()) == ids
    disk.fail_next("fdatasync")
    with pytest.raises(CheckpointFailed) as failed:
        reader.commit()
    assert (failed.value.reason, failed.value.permanent) == ("checkpoint_failed", False)
    assert reader.read() == []
    reader.commit()
    assert reader.depth().records == 0


def test_a_full_disk_gives_up_the_reserve_then_the_oldest_retired(disk, open_spool, open_reader, record):
    spool = open_spool()
    reader = open_reader()
    for number in range(12):
        spool.append(record(number, 500))
    reader.tidy()
    while reader.read():
        reader.commit()
    assert FOLDER / "reserve" in disk.names
    before = reader.depth().retired_segments
    assert before >= 2
    spool.append(record(99))
    reader.read()
    disk.capacity = sum(len(inode.data) for inode in disk.names.values())
    reader.commit()
    assert FOLDER / "reserve" not in disk.names
    assert reader.depth().retired_segments >= before
    disk.capacity = 0
    reader._changed = True
    with pytest.raises(CheckpointFailed):
        reader.commit()
    assert reader.depth().retired_segments == 0


def test_retention_by_size(disk, open_spool, open_reader, record):
    spool = open_spool()
    ids = [spool.append(record(number, 900)) for number in range(20)]
    spool.close()
    reader = open_reader(retired_bytes=6_000)
    while reader.read():
        reader.commit()
    reader.tidy()
    depth = reader.depth()
    assert 3_000 < depth.retired_bytes <= 6_000
    kept = ids_of(reader.replay())
    assert kept == ids[-len(kept) :], "the oldest go first"
    reader.tidy()
    assert reader.depth().counters.expired_segments == depth_gone(ids, kept)


def depth_gone(ids, kept):
    return len({known.rpartition("-")[0] for known in ids} - {known.rpartition("-")[0] for known in kept})


def test_a_short_disk_evicts_retired_segments_and_says_so(disk, open_spool, open_reader, record):
    spool = open_spool()
    for number in range(20):
        spool.append(record(number, 900))
    spool.close()
    reader = open_reader(min_free_bytes=10_000)
    while reader.read():
        reader.commit()
    disk.capacity = sum(len(inode.data) for inode in disk.names.values()) + 15_000
    reader.tidy()
    reader.tidy()
    depth = reader.depth()
    assert depth.counters.evicted_segments >= 2
    assert disk.free(FOLDER) >= 20_000


def test_depth_counts_what_waits(open_spool, open_reader, record):
    first, second = open_spool("aaaaaaaaaaaa"), open_spool("bbbbbbbbbbbb")
    for number in (5, 3, 9):
        first.append(record(number, 500))
    second.append(record(7))
    reader = open_reader()
    depth = reader.depth()
    assert (depth.records, depth.segments, depth.oldest_arrived_at) == (4, 2, record(5).arrived_at)
    assert depth == first.depth()
    assert ids_of(reader.read(1))
    reader.commit()
    depth = reader.depth()
    assert (depth.records, depth.oldest_arrived_at) == (3, record(3).arrived_at)
    while reader.read():
        reader.commit()
    depth = first.depth()
    assert (depth.records, depth.bytes, depth.segments, depth.oldest_arrived_at, depth.full) == (0, 0, 0, None, 0.0)
    assert depth.counters.drained_records == 4


def test_depth_asked_again_looks_into_no_file(disk, open_spool, record):
    spool = open_spool()
    spool.append(record(1))
    spool.depth()
    before = disk.calls.count("read")
    spool.depth()
    assert disk.calls.count("read") - before <= 1, "the checkpoint alone"


def test_a_folder_that_cannot_be_listed_is_unavailable(disk, open_spool, open_reader, record):
    known = open_spool().append(record(1))
    reader = open_reader()
    disk.fail_next("list")
    with pytest.raises(SpoolUnavailable):
        reader.read()
    assert ids_of(reader.read()) == [known]


def test_a_sector_that_cannot_be_read_costs_its_records_only(disk, open_spool, open_reader, record):
    spool = open_spool(segment_bytes=1 << 20)
    ids = spool.append_many(record(number, 3_000) for number in range(10))
    spool.close()
    real = disk.read

    def failing(descriptor, size, offset):
        if disk._open[descriptor] is disk.names.get(FOLDER / "aaaaaaaaaaaa-00000001.seg") and offset <= 8_192 < offset + size:
            raise OSError(errno.EIO, "bad sector")
        return real(descriptor, size, offset)

    disk.read = failing
    reader = open_reader()
    found = ids_of(reader.read())
    reader.commit()
    assert 7 <= len(found) < 10
    assert set(found) < set(ids)
    assert reader.depth().counters.damaged_records == 10 - len(found)
