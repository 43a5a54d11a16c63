"""Changes to inputs: flips, cuts, repeats, words, and pieces of other inputs."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.fuzz.target import LARGEST


def mutated(rng: random.Random, seed: bytes, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """The seed after some changes, of at most ``LARGEST`` bytes."""
    data = bytearray(seed[:LARGEST])
    for _ in range(rng.choice((1, 1, 2, 3, 5, 10, 30))):
        _change(rng, data, seeds, words or (b"\0",))
    return bytes(data[:LARGEST])


def _change(rng: random.Random, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    span = rng.choice((1, 1, 2, 4, 16, 64, 512))
    match rng.randrange(9):
        case 0 if data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        case 1:
            del data[at : at + span]
        case 2:
            data[at:at] = data[at : at + span] * rng.choice((1, 1, 2, 20))
        case 3:
            data[at:at] = rng.choice(words)
        case 4:
            data[at : at + span] = rng.randbytes(span)
        case 5:
            other = rng.choice(seeds)
            start = rng.randrange(len(other) + 1)
            data[at:at] = other[start : start + span * 4]
        case 6:
            del data[at:]
        case 7 if data:
            data[at % len(data)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        case _:
            data[at : at + span] = rng.choice(words)
