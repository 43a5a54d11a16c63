"""A damaged spool yields all that is whole, counted, and never loops or blocks the start (RELIABILITY row 12)."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.spool.checkpoint import Checkpoint, Position, encode_checkpoint
from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.replay import replay
from ingest.spool.segment import FRAME_BYTES, HEADER_BYTES
from ingest.spool.spool import Spool

FOLDER = Path("/spool")
SEGMENT = FOLDER / "aaaaaaaaaaaa-00000001.seg"
QUARANTINE = FOLDER / "quarantine"


@pytest.fixture
def roomy():
    return SpoolLimits(min_free_bytes=0, tidy_seconds=0.0, reserve_bytes=0)


@pytest.fixture
def filled(disk, clock, roomy, record):
    """A disk with one sealed segment of 12 records, their ids, and where each ends."""
    with Spool.open(FOLDER, limits=roomy, filesystem=disk, clock=clock, producer="aaaaaaaaaaaa") as spool:
        ids, ends = [], []
        for number in range(12):
            ids.append(spool.append(record(number, 300)))
            ends.append(len(disk.names[SEGMENT].data))
    return disk, ids, ends


def recover(disk, clock, limits, most=100):
    """Read and commit everything; the ids that came out, and the depth afterwards."""
    began = time.monotonic()
    reader = SpoolReader.open(FOLDER, limits=limits, filesystem=disk, clock=clock)
    assert time.monotonic() - began < 2
    ids = []
    for _ in range(most):
        batch = reader.read(max_records=5)
        ids += [stored.id for stored in batch]
        reader.commit()
        if not batch:
            break
    else:
        pytest.fail("the reader does not end")
    depth = reader.depth()
    reader.close()
    assert depth.bytes == 0, "what was damaged is still pending"
    assert SEGMENT not in disk.names, "the drained segment was not retired"
    return ids, depth


def quarantined(disk):
    return [bytes(inode.data) for path, inode in disk.names.items() if path.parent == QUARANTINE]


def test_truncated_at_each_of_the_last_4096_bytes(filled, clock, roomy):
    disk, ids, ends = filled
    size = ends[-1]
    for cut in range(size - 1, max(size - 4096, HEADER_BYTES) - 1, -1):
        held = disk.snapshot()
        del held.names[SEGMENT].data[cut:]
        found, depth = recover(held, clock, roomy)
        whole = [known for known, end in zip(ids, ends, strict=True) if end <= cut]
        assert found == whole
        clean = cut in ends or cut == HEADER_BYTES
        assert (depth.counters.damaged_records, depth.counters.torn_tails) == ((0, 0) if clean else (1, 1)), cut
        assert len(quarantined(held)) == (not clean)


def test_each_bit_of_the_last_record_flipped(filled, clock, roomy):
    disk, ids, ends = filled
    start = ends[-2]
    for byte in range(start, ends[-1]):
        held = disk.snapshot()
        held.names[SEGMENT].data[byte] ^= 1 << byte % 8
        found, depth = recover(held, clock, roomy)
        assert found == ids[:-1]
        assert depth.counters.damaged_records == depth.counters.damaged_regions == 1
        assert quarantined(held) == [bytes(held_data(held)[start:])]


def held_data(disk):
    """The segment file, wherever retirement took it."""
    return next(inode.data for path, inode in disk.names.items() if path.name.startswith("aaaaaaaaaaaa-00000001") and path.suffix == ".seg")


@pytest.mark.parametrize("flips", [400, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_random_flips_cost_exactly_the_records_they_hit(filled, clock, roomy, seed, flips):
    disk, ids, ends = filled
    dice = random.Random(seed)
    starts = [HEADER_BYTES, *ends[:-1]]
    for _ in range(flips):
        held = disk.snapshot()
        data = held.names[SEGMENT].data
        byte = dice.randrange(len(data))
        data[byte] ^= 1 << dice.randrange(8)
        found, depth = recover(held, clock, roomy)
        hit = [known for known, start, end in zip(ids, starts, ends, strict=True) if start <= byte < end]
        assert found == [known for known in ids if known not in hit]
        assert depth.counters.damaged_records == len(hit)
        assert depth.counters.damaged_regions == 1, "also a damaged header is counted"
        assert len(quarantined(held)) == 1
    print(f"{flips} flips")


def test_many_flips_at_once_leave_a_subset_in_order(filled, clock, roomy, seed):
    disk, ids, _ = filled
    dice = random.Random(seed)
    for _ in range(200):
        held = disk.snapshot()
        data = held.names[SEGMENT].data
        for _ in range(dice.randint(2, 12)):
            at = dice.randrange(len(data))
            width = dice.choice([1, 1, 40, 700])
            data[at : at + width] = dice.choice([bytes(width), dice.randbytes(width), b"\xff" * width])[: len(data[at : at + width])]
        found, depth = recover(held, clock, roomy)
        places = [ids.index(known) for known in found]
        assert places == sorted(set(places))
        lost = len(ids) - len(found)
        # a tail that is gone tells only that at least one record was in it; zeros and a lost header tell less
        assert depth.counters.damaged_records <= lost or not lost
        assert depth.counters.damaged_regions >= 1 or not lost


@pytest.mark.parametrize("place", range(12))
def test_a_length_of_ff(filled, clock, roomy, place):
    """logstash#10184"""
    disk, ids, ends = filled
    start = [HEADER_BYTES, *ends][place]
    disk.names[SEGMENT].data[start + 16 : start + 20] = b"\xff\xff\xff\xff"
    found, depth = recover(disk, clock, roomy)
    assert found == ids[:place] + ids[place + 1 :]
    assert depth.counters.damaged_records == 1


@pytest.mark.parametrize("zeros", [1, 35, 36, 4096, 3 << 20])
def test_a_zero_filled_tail(filled, clock, roomy, zeros):
    """beats#4733"""
    disk, ids, _ = filled
    disk.names[SEGMENT].data += bytes(zeros)
    found, depth = recover(disk, clock, roomy)
    assert found == ids
    assert (depth.counters.damaged_records, depth.counters.torn_tails, depth.counters.damaged_bytes) == (0, 1, zeros)


def test_a_page_in_the_middle_gone(filled, clock, roomy):
    disk, ids, ends = filled
    disk.names[SEGMENT].data[ends[2] - 5 : ends[5] + 5] = bytes(ends[5] + 5 - (ends[2] - 5))
    found, depth = recover(disk, clock, roomy)
    assert found == ids[:2] + ids[7:]
    assert depth.counters.damaged_records == 5
    assert depth.counters.damaged_bytes == ends[6] - ends[1]


def test_header_and_first_frames_gone(filled, clock, roomy):
    disk, ids, ends = filled
    disk.names[SEGMENT].data[: ends[1]] = bytes(ends[1])
    found, depth = recover(disk, clock, roomy)
    assert found == ids[2:]
    assert depth.counters.damaged_records == 2


def test_a_hole_cut_out_without_a_trace_is_told_by_the_numbers(filled, clock, roomy):
    disk, ids, ends = filled
    del disk.names[SEGMENT].data[ends[3] : ends[5]]
    found, depth = recover(disk, clock, roomy)
    assert found == ids[:4] + ids[6:]
    assert depth.counters.damaged_records == 2


@pytest.mark.parametrize("content", [b"", b"\0", b"STRIPSPL", b"\0" * 64, b"x" * 63, b"noise" * 10_000])
def test_a_file_that_was_never_a_segment(filled, clock, roomy, content):
    disk, ids, _ = filled
    stranger = FOLDER / "bbbbbbbbbbbb-00000001.seg"
    disk.names[stranger] = type(disk.names[SEGMENT])(bytearray(content))
    found, depth = recover(disk, clock, roomy)
    assert found == ids
    assert depth.counters.damaged_regions >= 1
    assert stranger not in disk.names


def test_a_later_version_is_left_alone(filled, clock, roomy):
    from ingest.spool.segment import checksum

    disk, ids, _ = filled
    later = bytearray(disk.names[SEGMENT].data)
    later[8:10] = b"\x09\x00"
    later[60:64] = checksum(bytes(later[:60])).to_bytes(4, "little")
    stranger = FOLDER / "bbbbbbbbbbbb-00000001.seg"
    disk.names[stranger] = type(disk.names[SEGMENT])(later)
    reader = SpoolReader.open(FOLDER, limits=roomy, filesystem=disk, clock=clock)
    assert [stored.id for stored in reader.read()] == ids
    reader.commit()
    assert reader.read() == []
    assert not reader.wait(0)
    assert disk.names[stranger].data == later


def test_a_forged_frame_inside_a_body_does_not_come_out(disk, clock, roomy, record):
    """A mail that carries the bytes of a segment file, in a record that is then damaged."""
    import msgspec

    with Spool.open(FOLDER, limits=roomy, filesystem=disk, clock=clock, producer="cccccccccccc") as other:
        other.append(record(666))
    forged = bytes(disk.names[FOLDER / "cccccccccccc-00000001.seg"].data)
    with Spool.open(FOLDER, limits=roomy, filesystem=disk, clock=clock, producer="aaaaaaaaaaaa") as spool:
        evil = spool.append(msgspec.structs.replace(record(1), body=forged * 3))
        good = spool.append(record(2))
    disk.names[SEGMENT].data[HEADER_BYTES + 13] ^= 1
    reader = SpoolReader.open(FOLDER, limits=roomy, filesystem=disk, clock=clock)
    found = [stored.id for stored in reader.read()]
    assert evil not in found
    assert found == [good, "cccccccccccc-00000001-0000000"]


def test_whole_but_no_record_that_this_version_knows(filled, clock, roomy):
    from ingest.spool.segment import checksum, encode_frame

    disk, ids, _ = filled
    data = disk.names[SEGMENT].data
    payload = b"\x81\xa3way\xa6pigeon"
    data += encode_frame(bytes(data[12:20]), 12, 5, len(payload), checksum(payload)) + payload
    found, depth = recover(disk, clock, roomy)
    assert found == ids
    assert (depth.counters.undecodable_records, depth.counters.damaged_records) == (1, 1)
    assert quarantined(disk) == [bytes(held_data(disk)[-FRAME_BYTES - len(payload) :])]


@pytest.mark.parametrize(
    "position",
    [Position(10**12, 10**6), Position(HEADER_BYTES, 0), Position(0, 0), Position(500, 3), Position(HEADER_BYTES, 10**6)],
    ids=["ahead", "behind", "before the header", "between records", "number ahead"],
)
def test_a_checkpoint_that_does_not_fit_its_segment(filled, clock, roomy, position):
    """vector#25570"""
    disk, ids, _ = filled
    put(disk, encode_checkpoint(Checkpoint(positions={"aaaaaaaaaaaa-00000001": position})))
    found, _ = recover(disk, clock, roomy)
    assert found == [known for known in ids if known in found], "in order, each once"
    assert found == [] if position.offset > 10**6 else len(found) >= 10


def test_a_checkpoint_without_its_segment(filled, clock, roomy):
    disk, ids, _ = filled
    put(disk, encode_checkpoint(Checkpoint(positions={"dddddddddddd-00000007": Position(900, 3)})))
    found, _ = recover(disk, clock, roomy)
    assert found == ids


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 300, b"00000000\n{}\n", b"{", b"\xff" * 5_000], ids=["empty", "zeros", "crc", "cut", "noise"]
)
def test_a_damaged_checkpoint(filled, clock, roomy, content):
    """beats#3537, 25135: no start after power loss."""
    disk, ids, _ = filled
    put(disk, content)
    found, depth = recover(disk, clock, roomy)
    assert found == ids
    assert depth.counters.damaged_checkpoints == 1


def put(disk, content):
    disk.names[FOLDER / "checkpoint"] = type(disk.names[SEGMENT])(bytearray(content))


def test_litter_of_an_interrupted_start_goes_and_does_no_harm(filled, clock, roomy):
    """logstash#13721"""
    disk, ids, _ = filled
    litter = [FOLDER / "eeeeeeeeeeee-00000001.seg.tmp", FOLDER / "checkpoint.tmp", FOLDER / "reserve.tmp"]
    for path in litter:
        disk.names[path] = type(disk.names[SEGMENT])(bytearray(b"half"))
    found, _ = recover(disk, clock, roomy)
    assert found == ids
    reader = SpoolReader.open(FOLDER, limits=roomy, filesystem=disk, clock=clock)
    reader.tidy()
    clock.now += 60
    reader.tidy()
    assert litter[0] not in disk.names
    assert litter[1] not in disk.names


def test_damage_is_counted_once_across_restarts_and_rewinds(filled, clock, roomy):
    disk, _, ends = filled
    disk.names[SEGMENT].data[ends[4] + 50] ^= 1
    for _ in range(3):  # read, never committed
        reader = SpoolReader.open(FOLDER, limits=roomy, filesystem=disk, clock=clock)
        assert len(reader.read()) == 11
        reader.rewind()
        assert len(reader.read()) == 11
        reader.close()
    found, depth = recover(disk, clock, roomy)
    assert len(found) == 11
    assert depth.counters.damaged_records == depth.counters.damaged_regions == 1
    assert depth.counters.drained_records == 11


def test_damage_in_a_living_segment_is_passed_when_more_follows(disk, clock, roomy, record):
    spool = Spool.open(FOLDER, limits=roomy, filesystem=disk, clock=clock, producer="aaaaaaaaaaaa")
    reader = SpoolReader.open(FOLDER, limits=roomy, filesystem=disk, clock=clock)
    first, lost = spool.append(record(0)), spool.append(record(1))
    disk.names[SEGMENT].data[-5] ^= 1
    assert [stored.id for stored in reader.read()] == [first]
    reader.commit()
    assert reader.read() == []
    assert not reader.wait(0), "must not spin on what it cannot read"
    after = spool.append(record(2))
    assert reader.wait(0)
    assert [stored.id for stored in reader.read()] == [after]
    reader.commit()
    assert reader.depth().counters.damaged_records == 1
    assert lost not in {stored.id for stored in replay(FOLDER, filesystem=disk)}
    spool.close()


def test_a_quarantine_that_is_full_only_counts(filled, clock, roomy):
    disk, ids, ends = filled
    for place in range(0, 12, 2):
        disk.names[SEGMENT].data[ends[place] - 1] ^= 1
    found, depth = recover(disk, clock, replace(roomy, quarantine_bytes=900))
    assert found == ids[1::2]
    assert depth.quarantine_bytes <= 900
    assert depth.counters.quarantine_failures == 6 - depth.quarantine_files > 0
