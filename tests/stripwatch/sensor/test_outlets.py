"""A batch is durable when it was taken; while the spool refuses, a bounded number of sessions waits and the rest are counted."""

from __future__ import annotations

import io
from pathlib import Path

from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.spool import Spool
from stripwatch.sensor.outlets import RECORD_BYTES, Printed, Spooled

LIMITS = SpoolLimits(min_free_bytes=0)
FULL = SpoolLimits(min_free_bytes=0, pending_bytes=1)


def lines(folder: Path) -> list[bytes]:
    reader = SpoolReader.open(folder, limits=LIMITS)
    found = reader.read(1000)
    reader.close()
    assert {(stored.record.way, stored.record.content, stored.record.file_path) for stored in found} <= {("sniffer", "sessions", "eth0")}
    return b"".join(stored.record.body for stored in found).splitlines(keepends=True)


def test_what_was_taken_lies_in_the_spool(tmp_path: Path) -> None:
    with Spool.open(tmp_path, limits=LIMITS) as spool:
        outlet = Spooled(spool, SYSTEM_CLOCK, "eth0")
        assert not outlet.take([])
        assert outlet.take([b"1\n", b"2\n"])
        assert lines(tmp_path) == [b"1\n", b"2\n"]


def test_a_large_batch_becomes_several_records(tmp_path: Path) -> None:
    batch = [b"%d" % number + b"x" * 100_000 + b"\n" for number in range(25)]
    with Spool.open(tmp_path, limits=LIMITS) as spool:
        assert Spooled(spool, SYSTEM_CLOCK, "eth0").take(batch)
    reader = SpoolReader.open(tmp_path, limits=LIMITS)
    bodies = [stored.record.body for stored in reader.read(1000)]
    reader.close()
    assert len(bodies) == 3
    assert max(map(len, bodies)) <= RECORD_BYTES
    assert b"".join(bodies) == b"".join(batch)


def test_a_refusing_spool_costs_the_oldest_beyond_the_bound_only(tmp_path: Path) -> None:
    with Spool.open(tmp_path, limits=FULL) as spool:
        outlet = Spooled(spool, SYSTEM_CLOCK, "eth0", held_bytes=6)
        assert not outlet.take([b"1\n", b"2\n"])
        assert not outlet.take([b"3\n", b"4\n"])
        assert outlet.lost == 1
        spool.limits = LIMITS
        assert outlet.take([])
        assert lines(tmp_path) == [b"2\n", b"3\n", b"4\n"]
        assert outlet.lost == 1


def test_printed_lines_are_out_at_once() -> None:
    out = io.BytesIO()
    assert Printed(io.BufferedWriter(io.BytesIO())).take([]) is False
    assert Printed(out).take([b"1\n"])
    assert out.getvalue() == b"1\n"
