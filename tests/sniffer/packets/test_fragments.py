"""Reassembly of IP datagrams is bounded and keeps the first copy."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from sniffer.packets.fragments import Fragment, FragmentTable
from sniffer.weird import Weird


def table(memory=1 << 20, timeout=1000):
    return FragmentTable(memory, timeout), Weird()


def test_overlaps_keep_the_first_copy():
    fragments, weird = table()
    assert fragments.add(Fragment(b"k", 8, b"BBBBBBBB", True, 0), weird) is None
    assert fragments.add(Fragment(b"k", 16, b"CC", False, 0), weird) is None
    assert fragments.add(Fragment(b"k", 0, b"aaaaaaaabbbbbbbbcc", True, 0), weird) == b"aaaaaaaaBBBBBBBBCC"
    assert (weird.fragments, weird.fragment_overlap) == (3, 1)


def test_any_order_with_repeats_gives_the_datagram():
    whole = random.Random(1).randbytes(1000)
    pieces = [Fragment(b"k", at, whole[at : at + 104], at + 104 < 1000, 0) for at in range(0, 1000, 104)]
    for seed in range(20):
        fragments, weird = table()
        order = random.Random(seed).sample(pieces + pieces[:4], len(pieces) + 4)
        results = [fragments.add(piece, weird) for piece in order]
        assert whole in results


def test_old_and_too_many_are_given_up():
    fragments, weird = table(memory=5000, timeout=1000)
    fragments.add(Fragment(b"old", 0, b"x" * 8, True, 0), weird)
    fragments.add(Fragment(b"new", 0, b"x" * 8, True, 2000), weird)
    assert weird.fragments_dropped == 1
    assert fragments.add(Fragment(b"old", 8, b"y", False, 2001), weird) is None
    for number in range(1000):
        fragments.add(Fragment(b"%d" % number, 0, b"x" * 800, True, 2002), weird)
    assert len(fragments._waiting) < 10
    assert fragments._held <= 5000


def test_impossible_fragments():
    fragments, weird = table()
    assert fragments.add(Fragment(b"k", 65_528, b"x" * 100, False, 0), weird) is None
    assert fragments.add(Fragment(b"k", 0, b"", True, 0), weird) is None
    assert weird.fragments_dropped == 2
    assert not fragments._waiting


def test_what_stands_behind_the_end_goes():
    fragments, weird = table()
    assert fragments.add(Fragment(b"k", 8, b"BBBBBBBBxxxxxxxx", True, 0), weird) is None
    assert fragments.add(Fragment(b"k", 8, b"CCCC", False, 0), weird) is None
    assert fragments.add(Fragment(b"k", 16, b"yyyyyyyy", True, 0), weird) is None
    assert fragments.add(Fragment(b"k", 0, b"aaaaaaaa", True, 0), weird) == b"aaaaaaaaBBBB"
    assert (len(fragments), fragments._held) == (0, 0)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.binary(min_size=1, max_size=24), st.booleans()), min_size=1, max_size=24),
    st.integers(1, 3),
)
def test_the_first_copy_of_each_byte_wins(pieces, keys):
    """As a datagram that is filled byte by byte; memory is given back."""
    fragments, weird = table()
    filled: dict[int, dict[int, int]] = {}
    totals: dict[int, int] = {}
    for number, (block, data, more) in enumerate(pieces):
        key, at = number % keys, 8 * block
        mine = filled.setdefault(key, {})
        if not more:
            totals.setdefault(key, at + len(data))
        for place, octet in enumerate(data, at):
            mine.setdefault(place, octet)
        total = totals.get(key)
        whole = bytes(mine[place] for place in range(total)) if total is not None and all(p in mine for p in range(total)) else None
        assert fragments.add(Fragment(b"%d" % key, at, data, more, 0), weird) == whole
        if whole is not None:
            del filled[key], totals[key]
    assert len(fragments) == len(filled)
    assert fragments._held == sum(one.held for one in fragments._waiting.values())


def test_tiny_fragments_cost_no_more_the_more_there_are():
    def seconds(count: int) -> float:
        fragments, weird = table(memory=64 << 20)
        order = random.Random(2).sample(range(0, 8 * count, 8), count)
        began = time.process_time()
        fragments.add(Fragment(b"k", 65_520, b"x", False, 0), weird)
        for at in order:
            fragments.add(Fragment(b"k", at, b"x" * 8, True, 0), weird)
        return time.process_time() - began

    assert min(seconds(8000) for _ in range(3)) < 24 * min(seconds(1000) for _ in range(3))
