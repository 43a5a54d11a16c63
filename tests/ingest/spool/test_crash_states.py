"""Power loss at every moment: nothing acknowledged is lost, and the spool opens and works (RELIABILITY rows 3 and 4)."""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path

import pytest

from ingest.spool.errors import SpoolError
from ingest.spool.reader import SpoolReader
from ingest.spool.replay import replay
from ingest.spool.spool import Spool

FOLDER = Path("/spool")
VARIANTS = ["drop", "pages", "pages", "torn", "names", "all"]


class Oracle:
    """What was promised: kept outside the spool."""

    def __init__(self):
        self.acked = {}
        self.done = set()


def until_ok(act, tries=6):
    """A sender that comes again: one injected fault must not cost more than a few refusals."""
    for _ in range(tries - 1):
        try:
            return act()
        except SpoolError as refused:
            assert not refused.permanent
    return act()


def drain(reader, oracle, record_of):
    batch = until_ok(lambda: reader.read(max_records=7))
    for stored in batch:
        if stored.id in oracle.acked:
            assert stored.record == oracle.acked[stored.id]
        oracle.done.add(stored.id)
    until_ok(reader.commit)
    return batch


def workload(disk, clock, limits, record, oracle, *, rounds=6, size=400):
    """Two producers one after the other and a drain in between, over several segment files, retirements and a restart."""
    number = 0
    for run in range(2):
        spool = until_ok(lambda run=run: Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock, producer=f"{run:012x}"))
        reader = until_ok(lambda: SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock))
        for turn in range(rounds):
            records = [record(number + step, size) for step in range(3)]
            number += 3
            if turn % 2:
                for one in records:
                    oracle.acked[until_ok(partial(spool.append, one))] = one
            else:
                ids = until_ok(partial(spool.append_many, records))
                oracle.acked.update(zip(ids, records, strict=True))
            if turn % 3 == 2:
                drain(reader, oracle, record)
                reader.tidy()
        spool.close()
        if run == 0:
            reader.close()
    for _ in range(3):  # what could not be read is tried again after a while
        while drain(reader, oracle, record):
            pass
        clock.now += 1
    reader.tidy()
    reader.close()
    return number


def check_after(disk, clock, limits, record, acked, done):
    """Open what is left: every promise is kept, in order, each once; and a fresh record gets through."""
    reader = SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock)
    replayed = {stored.id: stored.record for stored in replay(FOLDER, filesystem=disk)}
    read = {}
    for _ in range(1_000):
        batch = reader.read(max_records=50)
        if not batch:
            break
        assert not read.keys() & {stored.id for stored in batch}, "delivered twice in one run"
        read.update((stored.id, stored.record) for stored in batch)
        reader.commit()
    else:
        pytest.fail("the reader does not end")
    for known, wanted in acked.items():
        assert known in read or known in done, f"{known} was acknowledged and is lost"
        found = read.get(known) or replayed.get(known)
        if found != wanted:  # a full disk gives up the oldest that are drained, and counts them
            assert found is None, f"{known} came out changed"
            assert reader.depth().counters.evicted_segments, f"{known} cannot be replayed"
    with Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock, producer="ffffffffffff") as spool:
        fresh = spool.append(record(10**6))
    reader.wake()
    assert [stored.id for stored in reader.read()] == [fresh]
    reader.commit()
    reader.close()


def crash_everywhere(simulated, clock, limits, record, seeds):
    disk, oracle = simulated(), Oracle()
    moments = []
    disk.before_change = lambda: moments.append((disk.snapshot(), dict(oracle.acked), set(oracle.done)))
    workload(disk, clock, limits, record, oracle)
    disk.before_change()
    states = 0
    for index, (moment, acked, done) in enumerate(moments):
        for turn in range(seeds):
            for place, variant in enumerate(VARIANTS):
                if turn and variant in ("drop", "names", "all"):  # no chance in them
                    continue
                after = moment.crash(variant, seed=index * 10_000 + turn * 10 + place)
                check_after(after, clock, limits, record, acked, done)
                states += 1
    return len(moments), states


def test_every_crash_state_keeps_every_promise(simulated, clock, small, record):
    moments, states = crash_everywhere(simulated, clock, small, record, seeds=1)
    print(f"crashes at {moments} moments, {states} states")
    assert states >= 1_000


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_thousand_crash_states(simulated, clock, small, record):
    moments, states = crash_everywhere(simulated, clock, small, record, seeds=17)
    print(f"crashes at {moments} moments, {states} states")
    assert states >= 10_000


@pytest.mark.parametrize(("failure", "every"), [("EIO", 1), ("short", 1), ("ENOSPC", 5), ("EFBIG", 7)])
def test_any_one_failing_call_costs_refusals_only(simulated, clock, small, record, failure, every):
    fail_each_call(simulated, clock, small, record, failure, every)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("failure", ["ENOSPC", "EFBIG", "EDQUOT", "EROFS"])
def test_each_failing_call_costs_refusals_only(simulated, clock, small, record, failure):
    fail_each_call(simulated, clock, small, record, failure, 1)


def fail_each_call(simulated, clock, small, record, failure, every):
    quiet, oracle = simulated(), Oracle()
    workload(quiet, clock, small, record, oracle, rounds=5)
    assert oracle.acked.keys() <= oracle.done
    injected = 0
    assert len(quiet.calls) >= 300
    for call in range(0, len(quiet.calls), every):
        if failure == "short" and quiet.calls[call] != "write":
            continue
        disk, oracle = simulated(), Oracle()
        disk.fail_at, disk.failure = call, failure
        workload(disk, clock, small, record, oracle, rounds=5)
        assert oracle.acked.keys() <= oracle.done, f"call {call} ({quiet.calls[call]})"
        injected += disk.injected
        check_after(disk.crash("drop", seed=call), clock, small, record, oracle.acked, set(oracle.done))
    print(f"{failure}: {injected} faults injected into a trace of {len(quiet.calls)} calls")
    assert injected >= (30 if failure == "short" else 300 // every)


def test_a_failed_sync_is_not_repeated_on_the_same_file(disk, clock, small, record):
    spool = Spool.open(FOLDER, limits=small, filesystem=disk, clock=clock)
    first = spool.append(record(1))
    disk.fail_next("fdatasync")
    with pytest.raises(SpoolError) as refused:
        spool.append(record(2))
    assert refused.value.reason == "spool_unavailable"
    assert disk.injected == 1
    second = spool.append(record(3))
    spool.close()
    assert first.rpartition("-")[0] != second.rpartition("-")[0]
    after = disk.crash("drop", seed=0)
    reader = SpoolReader.open(FOLDER, limits=small, filesystem=after, clock=clock)
    assert [stored.id for stored in reader.read()] == [first, second]


def test_a_disk_that_fails_for_long_is_tried_again_and_recovers(disk, clock, small, record):
    """Every write fails for a while; the same process accepts again when it stops."""
    spool = Spool.open(FOLDER, limits=small, filesystem=disk, clock=clock)
    kept = [spool.append(record(1))]
    real_write = disk.write
    failures = 0

    def failing(descriptor, data):
        nonlocal failures
        failures += 1
        raise OSError(errno.EIO, "injected")

    disk.write = failing
    for number in range(20):
        with pytest.raises(SpoolError):
            spool.append(record(10 + number))
    disk.write = real_write
    kept.append(spool.append(record(2)))
    spool.close()
    reader = SpoolReader.open(FOLDER, limits=small, filesystem=disk, clock=clock)
    assert [stored.id for stored in reader.read()] == kept
    assert failures >= 20
    assert not [path for path in disk.names if path.name.endswith(".tmp")]
