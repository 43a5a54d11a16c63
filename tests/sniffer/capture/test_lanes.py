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


def advance_of(positions, end):
    following = dict(zip(positions, [*positions[1:], end], strict=True))
    return lambda at: np.array([following.get(int(one), lanes.FAR) for one in at], np.int64)


def test_lanes_join_to_the_whole_chain():
    for seed in range(20):
        positions, end = chain(seed)
        starts = np.array(sorted({0, *random.Random(seed).sample(positions, 7)}), np.int64)
        found = lanes.walk(starts, 50_000, advance_of(positions, end))
        assert found is not None
        assert found.tolist() == positions


def test_a_false_start_is_noticed():
    positions, end = chain(1)
    false = next(at for at in range(20_000, 30_000) if at not in positions)
    other, other_end = [false + 100 * step for step in range(400)], false + 40_000
    both = {**dict(zip(positions, [*positions[1:], end], strict=True)), **dict(zip(other, [*other[1:], other_end], strict=True))}

    def advance(at):
        return np.array([both.get(int(one), lanes.FAR) for one in at], np.int64)

    assert lanes.walk(np.array([0, false]), 50_000, advance) is None


def test_damage_in_any_lane_is_noticed():
    positions, end = chain(2)
    advance = advance_of(positions, end)
    broken = positions[len(positions) // 2]
    assert lanes.walk(np.array([0, positions[10]]), 50_000, lambda at: np.where(at == broken, lanes.FAR, advance(at))) is None
