"""The format, pure: whole records come out of any damage, in order, and nothing that was not written does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.spool.segment import (
    FRAME_BYTES,
    HEADER_BYTES,
    Bad,
    UnknownVersion,
    Whole,
    checksum,
    decode_frame,
    encode_frame,
    encode_header,
    find_marker,
    last_number,
    record_id,
    scan,
    segment_name,
)

MARKER = b"\x01\x02\x03\x04\xf7SWR"
OTHER = b"\x09" * 8


def build(payloads, marker=MARKER):
    """A segment file's bytes, and where each record ends."""
    data, ends = bytearray(encode_header("aaaaaaaaaaaa-00000001", marker)), []
    for number, payload in enumerate(payloads):
        data += encode_frame(marker, number, 1_000 + number, len(payload), checksum(payload)) + payload
        ends.append(len(data))
    return bytes(data), ends


def reading(data):
    return lambda offset, size: data[offset : offset + size]


def run(data, *, start=HEADER_BYTES, number=0, final=True, marker=None):
    read = reading(data)
    found = list(scan(read, len(data), start=start, number=number, marker=marker or find_marker(read, len(data)).value, final=final))
    return [one for one in found if isinstance(one, Whole)], [one for one in found if isinstance(one, Bad)]


PAYLOADS = st.lists(st.binary(max_size=80) | st.just(b"\xf7SWR" * 9) | st.just(encode_frame(OTHER, 0, 0, 0, 0)), min_size=1, max_size=8)


def test_the_header_is_as_specified():
    data, _ = build([b"payload"])
    assert data[:8] == b"STRIPSPL"
    assert data[8:12] == b"\x01\x00\x40\x00"
    assert data[12:20] == MARKER
    assert data[20:60] == b"aaaaaaaaaaaa-00000001".ljust(40, b"\0")
    assert int.from_bytes(data[60:64], "little") == checksum(data[:60])
    frame = data[64:100]
    assert frame[:4] == b"\xf7SWR"
    assert [int.from_bytes(frame[at : at + 4], "little") for at in (12, 16, 28, 32)] == [0, 7, checksum(b"payload"), checksum(frame[:32])]
    assert int.from_bytes(frame[20:28], "little", signed=True) == 1_000


def test_crc32c_is_castagnoli_s():
    assert checksum(b"123456789") == 0xE3069283  # RFC 3720, B.4


def test_names_sort_in_the_order_of_one_producer():
    ids = [record_id(segment_name("ab" * 6, counter), number) for counter in (1, 9, 10, 99_999_999) for number in (0, 9, 10, 9_999_999)]
    assert ids == sorted(ids)


@settings(max_examples=150)
@given(PAYLOADS)
def test_whole_files_come_out_whole(payloads):
    data, ends = build(payloads)
    whole, bad = run(data)
    assert [one.payload for one in whole] == payloads
    assert [(one.number, one.end, one.arrived_at) for one in whole] == [(at, end, 1_000 + at) for at, end in enumerate(ends)]
    assert not bad


@settings(max_examples=300)
@given(PAYLOADS, st.data())
def test_any_damage_leaves_a_subset_in_order_and_covers_each_byte_once(payloads, draw):
    data, _ = build(payloads)
    held = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(held)))
        width = draw.draw(st.integers(0, 60))
        held[at : at + width] = draw.draw(st.binary(max_size=60))
    whole, bad = run(bytes(held), marker=MARKER)
    numbers = [one.number for one in whole]
    assert numbers == sorted(set(numbers))
    assert all(payloads[one.number] == one.payload for one in whole)
    spans = sorted((one.start, one.end) for one in [*whole, *bad])
    position = HEADER_BYTES
    for start, end in spans:
        assert start == position
        position = end
    assert position == max(len(held), HEADER_BYTES)


@settings(max_examples=100)
@given(PAYLOADS, st.integers(0, 500))
def test_a_living_file_s_unfinished_end_is_left_for_later(payloads, cut):
    data, ends = build(payloads)
    held = data[: max(HEADER_BYTES, len(data) - cut)]
    whole, bad = run(held, final=False)
    assert len(whole) == sum(end <= len(held) for end in ends)
    assert not bad
    again, bad = run(data, start=whole[-1].end if whole else HEADER_BYTES, number=len(whole), final=False)
    assert [one.payload for one in [*whole, *again]] == payloads
    assert not bad


@settings(max_examples=100)
@given(PAYLOADS, st.integers(0, 100))
def test_the_last_number_is_found_from_the_end(payloads, more):
    data, ends = build(payloads)
    assert last_number(reading(data), len(data), HEADER_BYTES, MARKER) == len(payloads) - 1
    cut = data[: ends[-1] - more] if more < len(payloads[-1]) else data
    assert last_number(reading(cut), len(cut), HEADER_BYTES, MARKER) == len(payloads) - 1
    assert last_number(reading(data), len(data), len(data), MARKER) is None


def test_the_last_number_behind_a_large_payload_and_across_chunks():
    for size in (65_536 - FRAME_BYTES, 65_536 - 1, 65_536, 65_537, 300_000):
        data, _ = build([b"a", b"\xf7SWR" + bytes(size)])
        assert last_number(reading(data), len(data), HEADER_BYTES, MARKER) == 1


@pytest.mark.parametrize("size", [(1 << 20) - 40, (1 << 20) - 1, (1 << 20) + 3, 3 << 20])
def test_resynchronising_across_chunks(size):
    payloads = [b"first", bytes(size), b"third", b"fourth"]
    data, ends = build(payloads)
    held = bytearray(data)
    held[ends[0] : ends[0] + 20] = bytes(20)
    whole, bad = run(bytes(held))
    assert [one.number for one in whole] == [0, 2, 3]
    assert [(one.start, one.end, one.records) for one in bad] == [(ends[0], ends[1], 1)]


def test_frames_of_another_file_are_not_ours():
    data, _ = build([b"x"])
    assert decode_frame(data[HEADER_BYTES:], MARKER)
    assert decode_frame(data[HEADER_BYTES:], OTHER) is None
    assert decode_frame(data[HEADER_BYTES : HEADER_BYTES + FRAME_BYTES - 1], MARKER) is None


def test_a_lost_header_is_made_good_from_the_first_frame():
    data, _ = build([b"one", b"two"])
    held = bytes(HEADER_BYTES) + data[HEADER_BYTES:]
    found = find_marker(reading(held), len(held))
    assert (found.value, found.damaged) == (MARKER, True)
    assert find_marker(reading(data), len(data)).damaged is False
    assert find_marker(reading(b""), 0).value is None
    assert find_marker(reading(bytes(500)), 500).value is None


def test_a_later_version_is_told():
    data = bytearray(build([])[0])
    data[8] = 2
    data[60:64] = checksum(bytes(data[:60])).to_bytes(4, "little")
    with pytest.raises(UnknownVersion):
        find_marker(reading(bytes(data)), len(data))


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_noise_is_one_bad_stretch(noise):
    data = build([])[0] + noise
    whole, bad = run(data)
    assert not whole
    assert sum(one.end - one.start for one in bad) == len(noise)
