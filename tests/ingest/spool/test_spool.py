"""The producer's side: durable before acknowledged, one sync for all that wait, limits, and every way to end."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ingest.spool.errors import DiskFull, RecordTooLarge, SpoolClosed, SpoolFull, SpoolUnavailable
from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.spool import Spool

FOLDER = Path("/spool")


@pytest.fixture
def limits():
    return SpoolLimits(min_free_bytes=0, probe_seconds=0.0)


@pytest.fixture
def spool(disk, clock, limits):
    with Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock) as opened:
        yield opened


def everything(disk, clock):
    with SpoolReader.open(FOLDER, filesystem=disk, clock=clock) as reader:
        return reader.read(max_records=10**6, max_bytes=1 << 40)


def test_an_append_returns_after_its_sync_and_names_are_durable(disk, spool, record):
    known = spool.append(record(1))
    after = disk.crash("drop", seed=0)
    assert [path.name for path in after.names] == [known.rpartition("-")[0] + ".seg"]
    assert record(1).body in bytes(next(iter(after.names.values())).data)


def test_ids_are_stable_unique_and_ascending(disk, clock, spool, record):
    ids = [spool.append(record(number)) for number in range(20)]
    ids += spool.append_many(record(number) for number in range(20, 40))
    assert ids == sorted(set(ids))
    found = everything(disk, clock)
    assert [stored.id for stored in found] == ids
    assert [stored.record for stored in found] == [record(number) for number in range(40)]


def test_all_that_wait_share_one_sync(disk, spool, record):
    spool.append(record(0))
    gate, real = threading.Event(), disk.fdatasync

    def slow(descriptor):
        gate.wait(10)
        real(descriptor)

    disk.fdatasync = slow
    threads = [threading.Thread(target=spool.append, args=(record(number),)) for number in range(1, 31)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    gate.set()
    for thread in threads:
        thread.join()
    assert spool.counters.records == 31
    assert spool.counters.commits <= 4


def test_threads_and_tasks_share_the_door(disk, clock, spool, record):
    async def tasks():
        return await asyncio.gather(*(spool.append_async(record(number)) for number in range(50)))

    blocking = []
    thread = threading.Thread(target=lambda: blocking.extend(spool.append(record(number)) for number in range(100, 120)))
    thread.start()
    ids = asyncio.run(tasks())
    thread.join()
    found = {stored.id: stored.record for stored in everything(disk, clock)}
    assert found.keys() == {*ids, *blocking}
    assert all(found[known] == record(number) for number, known in enumerate(ids))


def test_a_cancelled_task_does_not_hurt_the_others(disk, spool, record):
    async def run():
        gate, real = threading.Event(), disk.fdatasync
        disk.fdatasync = lambda descriptor: (gate.wait(10), real(descriptor))[1]
        waiting = [asyncio.create_task(spool.append_async(record(number))) for number in range(3)]
        await asyncio.sleep(0.05)
        waiting[1].cancel()
        gate.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    first, second, third = asyncio.run(run())
    assert isinstance(second, asyncio.CancelledError)
    assert first < third


def test_an_event_loop_that_ended_does_not_hurt_the_writer(disk, spool, record):
    gate, real = threading.Event(), disk.fdatasync
    disk.fdatasync = lambda descriptor: (gate.wait(10), real(descriptor))[1]

    async def leave():
        task = asyncio.create_task(spool.append_async(record(1)))
        await asyncio.sleep(0.02)
        task.cancel()

    asyncio.run(leave())
    gate.set()
    assert spool.append(record(2))


def test_a_failed_commit_reaches_thread_and_task_alike(disk, clock, spool, record):
    spool.append(record(0))
    disk.fail_next("write", "ENOSPC")
    with pytest.raises(DiskFull) as refused:
        asyncio.run(spool.append_async(record(1)))
    assert (refused.value.reason, refused.value.permanent, refused.value.retry_after) == ("disk_full", False, 600.0)
    disk.fail_next("write", "EIO")
    with pytest.raises(SpoolUnavailable):
        spool.append(record(2))
    spool.append(record(3))
    assert [stored.record for stored in everything(disk, clock)] == [record(0), record(3)]
    assert (spool.counters.refused, spool.counters.failed_commits) == (2, 2)


def test_a_fault_refuses_at_once_until_the_next_probe(disk, clock, record):
    with Spool.open(FOLDER, limits=SpoolLimits(min_free_bytes=0, probe_seconds=5.0), filesystem=disk, clock=clock) as spool:
        spool.append(record(0))
        disk.fail_next("fdatasync")
        with pytest.raises(SpoolUnavailable):
            spool.append(record(1))
        calls = len(disk.calls)
        with pytest.raises(SpoolUnavailable):
            spool.append(record(2))
        with pytest.raises(SpoolUnavailable):
            spool.check()
        assert len(disk.calls) == calls
        clock.now += 6
        assert spool.append(record(3))


def test_the_marks(disk, clock, record):
    limits = SpoolLimits(pending_bytes=100_000, min_free_bytes=0, measure_seconds=0.0)
    with (
        Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock) as spool,
        Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock) as other,
        SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock) as reader,
    ):
        assert spool.level() == "ok"
        for number in range(5):
            other.append(record(number, 10_000))
        assert spool.level() == "warn"
        for number in range(3):
            spool.append(record(number, 10_000))
        with pytest.raises(SpoolFull) as refused:
            spool.append(record(9, 12_000))
        assert refused.value.reason == "spool_full"
        with pytest.raises(SpoolFull):
            spool.check(12_000)
        spool.check(100)
        assert 0.8 < spool.depth().full < 0.9
        assert reader.read()
        reader.commit()
        assert spool.level() == "ok"
        assert spool.append(record(9, 12_000))
        assert spool.counters.failed_commits == 0


def test_too_little_free_disk_refuses(disk, clock, record):
    disk.capacity = 1_000_000
    with Spool.open(FOLDER, limits=SpoolLimits(min_free_bytes=500_000, measure_seconds=0.0), filesystem=disk, clock=clock) as spool:
        spool.append(record(1, 400_000))
        with pytest.raises(DiskFull):
            spool.append(record(2, 200_000))
        assert spool.append(record(3, 1_000))


def test_a_record_that_is_too_large_is_refused_for_good(disk, clock, record):
    with Spool.open(FOLDER, limits=SpoolLimits(record_bytes=1_000, min_free_bytes=0), filesystem=disk, clock=clock) as spool:
        with pytest.raises(RecordTooLarge) as refused:
            spool.append(record(1, 1_000))
        assert refused.value.permanent
        with pytest.raises(RecordTooLarge):
            asyncio.run(spool.append_async(record(1, 1_000)))
        with pytest.raises(RecordTooLarge):
            spool.check(1_001)
        assert spool.append(record(1, 700))


def test_what_waits_in_memory_is_bounded(disk, clock, record):
    with Spool.open(FOLDER, limits=SpoolLimits(queue_bytes=3_000, min_free_bytes=0), filesystem=disk, clock=clock) as spool:
        spool.append(record(0))
        gate, real = threading.Event(), disk.fdatasync
        disk.fdatasync = lambda descriptor: (gate.wait(10), real(descriptor))[1]
        refused = []

        def send(number):
            try:
                spool.append(record(number, 1_000))
            except SpoolFull as full:
                refused.append(full)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        gate.set()
        for thread in threads:
            thread.join()
        assert 5 <= len(refused) <= 8
        assert spool.append(record(99))


def test_segments_roll_and_a_record_larger_than_a_segment_has_its_own(disk, clock, record):
    limits = SpoolLimits(segment_bytes=5_000, min_free_bytes=0)
    with Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock) as spool:
        ids = [spool.append(record(number, size)) for number, size in enumerate([1_000] * 9 + [20_000, 1_000])]
        ids += spool.append_many([record(number, 1_000) for number in range(11, 31)])
    assert len({known.rpartition("-")[0] for known in ids}) >= 7
    sizes = sorted(len(inode.data) for path, inode in disk.names.items() if path.suffix == ".seg")
    assert sizes[-2] <= 5_000 + 64 < sizes[-1]
    assert [stored.id for stored in everything(disk, clock)] == ids


def test_close_finishes_what_waits_and_refuses_the_rest(disk, clock, limits, record):
    spool = Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock)
    gate, real = threading.Event(), disk.fdatasync
    disk.fdatasync = lambda descriptor: (gate.wait(10), real(descriptor))[1]
    ids = []
    threads = [threading.Thread(target=lambda number=number: ids.append(spool.append(record(number)))) for number in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    closer = threading.Thread(target=spool.close)
    closer.start()
    time.sleep(0.05)
    with pytest.raises(SpoolClosed):
        spool.append(record(9))
    gate.set()
    closer.join(10)
    for thread in threads:
        thread.join(10)
    spool.close()
    assert len(ids) == 5
    assert sorted(ids) == [stored.id for stored in everything(disk, clock)]


def test_a_spool_that_took_nothing_leaves_nothing(disk, clock, limits):
    Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock).close()
    assert not disk.names


def test_text_that_is_not_utf_8_is_kept_visible(disk, clock, spool, record):
    odd = msgspec.structs.replace(record(1), file_path="b\udcffr", rcpt_to=("\udc80@example.org",), helo="plain")
    spool.append(odd)
    found = everything(disk, clock)[0].record
    assert (found.file_path, found.rcpt_to, found.helo) == ("b\\udcffr", ("\\udc80@example.org",), "plain")
    assert found.body == odd.body


def test_a_forked_child_is_told_not_to_use_it(disk, clock, limits, record):
    spool = Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock)
    spool._process = os.getppid()
    with pytest.raises(SpoolUnavailable, match="fork"):
        spool.append(record(1))
    spool._process = os.getpid()
    spool.close()


def test_a_listener_hears_of_each_commit(disk, spool, record):
    heard = []
    spool.on_commit(lambda: 1 // 0)  # one that breaks must not end the writer
    spool.on_commit(lambda: heard.append(spool.counters.commits))
    spool.append(record(1))
    spool.append(record(2))
    deadline = time.monotonic() + 5
    while len(heard) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert heard == [1, 2]


def test_a_bug_in_the_writer_reaches_whoever_waits(disk, clock, spool, record):
    spool.append(record(1))
    real = disk.write

    def broken(descriptor, data):
        raise ZeroDivisionError("bug")

    disk.write = broken
    with pytest.raises(SpoolUnavailable, match="ZeroDivisionError"):
        spool.append(record(2))
    disk.write = real
    assert spool.append(record(3))
    assert [stored.record for stored in everything(disk, clock)] == [record(1), record(3)]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SpoolUnavailable):
        Spool.open(tmp_path / "file" / "spool")


def test_limits_are_frozen():
    with pytest.raises(AttributeError):
        SpoolLimits().segment_bytes = 1  # type: ignore[misc]
    assert replace(SpoolLimits(), segment_bytes=1).segment_bytes == 1
