"""One direction's reassembly against the plain text it came from."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sniffer.flows.direction import Direction, signed
from sniffer.weird import Weird

ISN = 0xFFFFFF00
FIRST = (ISN + 1) & 0xFFFFFFFF


def opened(head=65536, window=16384, isn=ISN):
    direction = Direction(head, window)
    direction.learn_isn(isn)
    direction.packets = 1
    return direction, Weird()


def put(direction, weird, at, data, time=0, length=None, first=FIRST):
    direction.add((first + at) & 0xFFFFFFFF, len(data) if length is None else length, data, 16, time, weird)


def head(direction, limit=65536):
    found = direction.finish(limit)
    return found.data, found.end


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**9), size=st.integers(1, 2000))
def test_pieces_in_any_order_with_any_overlap(seed, size):
    rng = random.Random(seed)
    text = rng.randbytes(size)
    pieces, at = [], 0
    while at < size:
        step = rng.choice((1, 3, 10, 100, 700))
        back = rng.randrange(min(at, 20) + 1)
        pieces.append((at - back, text[at - back : at + step]))
        at += step
    pieces += rng.choices(pieces, k=3)
    rng.shuffle(pieces)
    direction, weird = opened()
    for place, (offset, data) in enumerate(pieces):
        put(direction, weird, offset, data, place)
    found = direction.finish(65536)
    assert (found.data, found.end, found.bytes, found.from_start) == (text, "open", size, True)
    assert weird.nonzero() == {}
    offsets = [offset for offset, _ in found.marks]
    assert offsets == sorted(set(offsets))
    assert offsets[0] == 0


def test_the_first_copy_of_a_byte_wins():
    direction, weird = opened()
    put(direction, weird, 0, b"250-STARTTLS")
    put(direction, weird, 4, b"XXXXXXXA")
    assert head(direction)[0] == b"250-STARTTLS"
    assert weird.overlap_conflict == 1
    direction, weird = opened()
    put(direction, weird, 4, b"STARTTLS")
    put(direction, weird, 0, b"250-XXXXXXXA\r\n")
    assert head(direction)[0] == b"250-STARTTLS\r\n"
    assert weird.overlap_conflict == 1


def test_a_hole_is_a_gap_and_is_never_filled():
    direction, weird = opened()
    put(direction, weird, 0, b"220 ")
    put(direction, weird, 10, b"later")
    assert head(direction) == (b"220 ", "gap")


def test_a_missing_beginning_starts_at_what_was_captured():
    direction, weird = opened()
    put(direction, weird, 10, b"later", 7)
    found = direction.finish(65536)
    assert (found.data, found.from_start, found.end, found.marks) == (b"later", False, "open", ((0, 7),))


def test_far_above_a_hole_nothing_is_kept():
    direction, weird = opened()
    put(direction, weird, 0, b"x")
    for offset in (16_386, 1 << 20, 1 << 30, (1 << 31) - 5):
        put(direction, weird, offset, b"y" * 1000)
    assert direction.held == 1
    assert weird.above_hole == 3
    assert head(direction) == (b"x", "gap")


def test_a_truncated_segment_is_a_gap_after_its_captured_bytes():
    direction, weird = opened()
    put(direction, weird, 0, b"abc", length=10)
    put(direction, weird, 10, b"def")
    assert head(direction) == (b"abc", "gap")
    put(direction, weird, 3, b"0123456")
    assert head(direction) == (b"abc0123456def", "open")


def test_limits():
    direction, weird = opened(head=10)
    put(direction, weird, 0, b"0123456")
    assert not direction.full
    put(direction, weird, 7, b"789abc")
    assert direction.full
    put(direction, weird, 13, b"d" * 5000)
    assert direction.held == 13
    assert head(direction, 10) == (b"0123456789", "limit")
    assert direction.finish(10).bytes == 5013


def test_ends():
    direction, weird = opened()
    put(direction, weird, 0, b"QUIT")
    direction.fin = (FIRST + 4) & 0xFFFFFFFF
    assert head(direction) == (b"QUIT", "fin")
    direction.fin = (FIRST + 5) & 0xFFFFFFFF
    assert head(direction) == (b"QUIT", "gap")
    direction.fin, direction.reset = None, True
    assert head(direction) == (b"QUIT", "rst")


def test_midstream_takes_the_least_sequence_number():
    direction, weird = Direction(65536, 16384), Weird()
    direction.packets = 1
    for offset, data in ((100, b"ccc"), (94, b"aaa"), (97, b"bbb"), (103, b"ddd")):
        put(direction, weird, offset, data)
    found = direction.finish(65536)
    assert (found.data, found.from_start, found.end, found.bytes) == (b"aaabbbcccddd", False, "open", 12)


def test_a_syn_after_its_payload():
    direction, weird = Direction(65536, 16384), Weird()
    direction.packets = 1
    put(direction, weird, 3, b"def")
    direction.learn_isn(ISN)
    put(direction, weird, 0, b"abc")
    found = direction.finish(65536)
    assert (found.data, found.from_start) == (b"abcdef", True)


def test_counters_pass_four_gigabytes():
    direction, weird = opened(head=4)
    step = 1 << 29
    for turn in range(20):
        put(direction, weird, turn * step, b"data", length=step)
    assert direction.high == 20 * step
    assert head(direction, 4) == (b"data", "limit")


def test_many_in_order_at_once():
    direction, weird = opened()
    assert direction.goes_on(FIRST)
    direction.extend(FIRST, 6, b"abcdef", [(0, 5), (3, 6)])
    assert not direction.goes_on(FIRST + 7 & 0xFFFFFFFF)
    assert direction.goes_on(FIRST + 6 & 0xFFFFFFFF)
    direction.extend(FIRST + 6 & 0xFFFFFFFF, 2, b"gh", [(0, 8)])
    found = direction.finish(65536)
    assert (found.data, found.marks, found.bytes) == (b"abcdefgh", ((0, 5), (3, 6), (6, 8)), 8)
    put(direction, weird, 9, b"j")
    assert not direction.goes_on(FIRST + 8 & 0xFFFFFFFF)


def test_room_is_what_is_still_kept():
    direction, weird = opened(head=4)
    assert direction.room == 4
    put(direction, weird, 0, b"abc")
    assert direction.room == 1
    put(direction, weird, 3, b"defg")
    assert direction.room == 0
    assert direction.goes_on(FIRST)
    direction.extend(FIRST + 7 & 0xFFFFFFFF, 9, b"", [])
    assert (direction.size, direction.high) == (7, 16)


def test_steps_of_sequence_numbers():
    assert signed(5 - 0xFFFFFFFE) == 7
    assert signed(0xFFFFFFFE - 5) == -7


def test_what_follows_is_taken_though_something_waits_below_the_front():
    """Of a connection met in its middle, whose packets came out of order."""
    direction, weird = Direction(65536, 16384), Weird()
    direction.packets = 1
    for at, data in ((100, b"220 mx\r\n"), (50, b"lost"), (108, b"250 "), (112, b"ok\r\n")):
        put(direction, weird, at, data)
    assert head(direction) == (b"220 mx\r\n250 ok\r\n", "open")


@pytest.mark.parametrize("order", ["shuffled", "backwards", "holes"])
def test_tiny_segments_cost_no_more_the_more_there_are(order):
    def seconds(count: int) -> float:
        places = list(range(1, 2 * count, 2)) if order == "holes" else list(range(count, 0, -1))
        if order == "shuffled":
            random.Random(5).shuffle(places)
        direction, weird = opened()
        began = time.process_time()
        for place in places:
            put(direction, weird, place, b"x")
        return time.process_time() - began

    assert min(seconds(8000) for _ in range(3)) < 24 * min(seconds(1000) for _ in range(3))
