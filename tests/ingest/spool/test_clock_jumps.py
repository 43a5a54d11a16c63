"""A clock that jumps does no harm (RELIABILITY row 13)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingest.spool.reader import SpoolReader
from ingest.spool.replay import replay
from ingest.spool.spool import Spool

FOLDER = Path("/spool")
DAY = 86_400 * 10**9
YEAR = 365 * DAY


def drain(reader):
    found = []
    while batch := reader.read():
        found += [stored.id for stored in batch]
        reader.commit()
    return found


def test_jumps_lose_double_and_expire_nothing(disk, clock, small, record):
    found, acked = [], []
    for jump in (0, -DAY, 10 * YEAR, -10 * YEAR, 200 * YEAR, -250 * YEAR):
        clock.epoch += jump
        with SpoolReader.open(FOLDER, limits=small, filesystem=disk, clock=clock) as reader:
            with Spool.open(FOLDER, limits=small, filesystem=disk, clock=clock) as spool:
                acked += [spool.append(record(number, 300)) for number in range(8)]
                clock.epoch += jump
                found += drain(reader)
                clock.epoch -= jump
            found += drain(reader)
            reader.tidy()
            assert reader.depth().counters.expired_segments == 0
    assert found == acked
    assert {stored.id for stored in replay(FOLDER, filesystem=disk)} == set(acked)


def test_retired_segments_expire_by_time_served(disk, clock, small, record):
    limits = replace(small, retired_seconds=3 * 86_400)
    with Spool.open(FOLDER, limits=limits, filesystem=disk, clock=clock) as spool:
        for number in range(8):
            spool.append(record(number, 600))
    reader = SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock)
    drain(reader)
    clock.now += 2 * 86_400
    reader.tidy()
    assert reader.depth().retired_segments >= 3
    reader.close()
    clock.epoch += 3 * YEAR  # not running: counts as one day at most
    reader = SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock)
    reader.tidy()
    assert reader.depth().retired_segments >= 3
    clock.now += 60
    reader.tidy()
    depth = reader.depth()
    assert depth.retired_segments == 0
    reader.tidy()
    reader.close()
    assert SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock).depth().counters.expired_segments >= 3


def test_times_beyond_64_bits_are_kept(disk, clock, small, record):
    import msgspec

    odd = [msgspec.structs.replace(record(1), arrived_at=when) for when in (-(1 << 62), (1 << 63) - 1, 1 << 63)]
    with Spool.open(FOLDER, limits=small, filesystem=disk, clock=clock) as spool:
        ids = spool.append_many(odd)
    with SpoolReader.open(FOLDER, limits=small, filesystem=disk, clock=clock) as reader:
        found = reader.read()
    assert [stored.id for stored in found] == ids
    assert [stored.record for stored in found] == odd
