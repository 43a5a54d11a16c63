"""Reassembly of IP datagrams is bounded and keeps the first copy."""

from __future__ import annotations

import random

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
