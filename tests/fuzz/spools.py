"""Damaged spool folders: every record that comes out was written, what is lost is counted, and the reader ends."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from pathlib import Path

from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from tests.fuzz.target import Target, expect
from tests.ingest.spool.conftest import Inode, SimulatedDisk, SteadyClock

FOLDER = Path("/spool")
PRODUCER = "aaaaaaaaaaaa"
SEGMENT = FOLDER / f"{PRODUCER}-00000001.seg"
LIMITS = SpoolLimits(min_free_bytes=0, tidy_seconds=0.0, reserve_bytes=0)
RECORDS = 12
BATCHES = 100


def record(number: int) -> SpoolRecord:
    return SpoolRecord(way="smtp", content="mail", arrived_at=1_700_000_000 * 10**9 + number, body=b"%d:" % number + bytes(200))


@cache
def written() -> bytes:
    disk = SimulatedDisk()
    with Spool.open(FOLDER, limits=LIMITS, filesystem=disk, clock=SteadyClock(), producer=PRODUCER) as spool:
        for number in range(RECORDS):
            spool.append(record(number))
    return bytes(disk.names[SEGMENT].data)


def answer(data: bytes) -> Hashable:
    """The numbers of the records that a folder with this segment gives."""
    disk = SimulatedDisk()
    disk.names[SEGMENT] = Inode(bytearray(data), bytearray(data))
    numbers = []
    with SpoolReader.open(FOLDER, limits=LIMITS, filesystem=disk, clock=SteadyClock()) as reader:
        for _ in range(BATCHES):
            batch = reader.read(max_records=5)
            numbers += [int(stored.record.body.split(b":")[0]) for stored in batch]
            expect(all(stored.record == record(number) for stored, number in zip(batch, numbers[-len(batch) :], strict=False)), numbers)
            reader.commit()
            if not batch:
                break
        else:
            expect(False, "the reader does not end")
        depth = reader.depth()
    expect(len(numbers) >= RECORDS or depth.counters.damaged_regions or len(data) < len(written()) or SEGMENT in disk.names, numbers)
    return tuple(numbers)


SPOOL = Target("spool", lambda: [written()], answer, None, (b"\xf7SWR", b"STRIPSPL", b"\xff\xff\xff\xff", bytes(64), bytes(4096)))
