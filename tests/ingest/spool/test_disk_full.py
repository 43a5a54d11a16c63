"""A full disk is a temporary refusal, and service returns by itself (RELIABILITY row 5): on a real small disk."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.spool.errors import SpoolFull
from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.spool import Spool


@pytest.fixture
def small_disk(tmp_path):
    """A tmpfs of 16 MiB; skipped where none can be mounted."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("cannot mount a tmpfs here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(spool, record):
    """Append until refused; the ids that were acknowledged, and the refusals' reasons."""
    ids, refused = [], []
    for number in range(10_000):
        try:
            ids.append(spool.append(record(number, 10_000)))
        except SpoolFull as full:
            refused.append(full)
            if len(refused) == 20:
                return ids, refused
    raise AssertionError("the disk never filled")


def drain(reader):
    found = []
    while batch := reader.read():
        found += [stored.id for stored in batch]
        reader.commit()
    return found


@pytest.mark.parametrize("min_free", [0, 1 << 20], ids=["to the last byte", "a margin"])
def test_a_full_disk_refuses_for_a_time_and_loses_nothing(small_disk, record, min_free):
    limits = SpoolLimits(min_free_bytes=min_free, segment_bytes=1 << 20, measure_seconds=0.1, tidy_seconds=0.0)
    folder = small_disk / "spool"
    with SpoolReader.open(folder, limits=limits) as reader, Spool.open(folder, limits=limits) as spool:
        ids, refused = fill(spool, record)
        assert {(full.reason, full.permanent, full.retry_after) for full in refused} == {("disk_full", False, 600.0)}
        assert drain(reader) == ids, "what was acknowledged comes out, and the checkpoint can be written on a full disk"
        reader.tidy()  # gives up retired segments, since taking mail goes first
        began = time.monotonic()
        while True:
            try:
                again = spool.append(record(1))
                break
            except SpoolFull:
                assert time.monotonic() - began < 5, "not accepting again"
                time.sleep(0.05)
        assert drain(reader) == [again]
        print(f"{len(ids)} acknowledged, {len(refused)} refused, accepting again after {time.monotonic() - began:.2f} s")


def test_the_margin_holds_also_between_two_looks_at_the_disk(small_disk, record):
    limits = SpoolLimits(min_free_bytes=4 << 20, measure_seconds=60.0)
    with Spool.open(small_disk / "spool", limits=limits) as spool:
        fill(spool, record)
        left = os.statvfs(small_disk)
    assert left.f_bavail * left.f_frsize >= 4 << 20


def test_somebody_else_fills_the_disk_and_leaves(small_disk, record):
    limits = SpoolLimits(min_free_bytes=0, measure_seconds=0.1)
    ballast = small_disk / "ballast"
    with Spool.open(small_disk / "spool", limits=limits) as spool:
        ids = [spool.append(record(1))]
        with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
            while True:
                os.write(file.fileno(), bytes(65_536))
        with pytest.raises(SpoolFull):
            while True:
                ids.append(spool.append(record(len(ids), 10_000)))
        ballast.unlink()
        time.sleep(0.3)
        ids.append(spool.append(record(99)))
    with SpoolReader.open(small_disk / "spool", limits=limits) as reader:
        assert drain(reader) == ids


def test_a_file_size_limit_refuses_and_goes_on_in_a_new_file(tmp_path):
    """RLIMIT_FSIZE: a short write, then EFBIG; needs no root."""
    root = Path(__file__).resolve().parents[3]
    code = (
        "import sys; from pathlib import Path; from ingest.spool.spool import Spool; from ingest.spool.errors import SpoolFull\n"
        "from ingest.spool.limits import SpoolLimits; from ingest.spool.record import SpoolRecord\n"
        "spool = Spool.open(Path(sys.argv[1]), limits=SpoolLimits(probe_seconds=0.0, min_free_bytes=0)); refused = 0\n"
        "for number in range(60):\n"
        "    made = SpoolRecord(way='smtp', content='mail', arrived_at=number, body=bytes(10_000))\n"
        "    try: print(spool.append(made))\n"
        "    except SpoolFull as full: refused += 1; assert full.reason == 'disk_full'\n"
        "print(refused, file=sys.stderr); spool.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ids = done.stdout.split()
    refused = int(done.stderr.split()[-1])
    assert refused >= 5
    assert len(ids) == 60 - refused
    with SpoolReader.open(tmp_path) as reader:
        assert drain(reader) == ids
    print(f"{refused} refused by EFBIG, {len(ids)} acknowledged")
