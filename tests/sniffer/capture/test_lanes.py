"""Walking in lanes gives the chain that a plain loop gives, or nothing."""

from __future__ import annotations

import random

import numpy as np

from sniffer.capture import lanes


def chain(seed, size=50_000):
    rng = random.Random(seed)
    at, positions = 0, []
    while at < size:
        positions.append(at)
        at += rng.randrange(16, 400)
    return positions, at


def lengths_of(positions, end):
    """Less 16 each, as a record header's length is; elsewhere what leads out of the window."""
    lengths = np.full(end + 1, 1 << 31, np.uint32)
    lengths[positions] = np.diff(positions, append=end) - 16
    return lengths


def test_lanes_join_to_the_whole_chain():
    for seed in range(20):
        positions, end = chain(seed)
        starts = np.array(sorted({0, *random.Random(seed).sample(positions, 7)}), np.int64)
        found = lanes.walk(starts, 50_000, lengths_of(positions, end), 16)
        assert found is not None
        assert found.tolist() == positions


def test_one_lane_much_longer_than_the_others():
    positions = list(range(0, 50_000, 16))
    starts = np.array([*range(0, 3200, 16), 3200])
    found = lanes.walk(starts, 50_000, lengths_of(positions, 50_000), 16)
    assert found is not None
    assert found.tolist() == positions


def test_a_false_start_is_noticed():
    positions, end = chain(1)
    false = next(at for at in range(20_000, 30_000) if at not in positions)
    lengths = lengths_of(positions, end)
    lengths[[false + 100 * step for step in range(300)]] = 84
    assert lanes.walk(np.array([0, false]), 50_000, lengths, 16) is None


def test_damage_in_any_lane_is_noticed():
    positions, end = chain(2)
    lengths = lengths_of(positions, end)
    lengths[positions[len(positions) // 2]] = 1 << 31
    assert lanes.walk(np.array([0, positions[-3]]), 50_000, lengths, 16) is None


def test_a_record_of_no_length_is_noticed():
    positions, end = chain(3)
    lengths = lengths_of(positions, end) + np.uint32(16)
    lengths[positions[40]] = 0
    assert lanes.walk(np.array([0, positions[90]]), 50_000, lengths) is None
