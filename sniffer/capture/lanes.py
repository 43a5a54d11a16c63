"""Walk a chain of records (each says how far the next one is) in many places at once.

A plain loop costs 0.3 µs a record. Instead a record start is guessed every 32 KiB, and all these lanes step in
lockstep with NumPy. A lane goes a few steps too far rather than being looked at after each; what lies beyond its end is
left out afterwards. The result is used only if every lane came exactly where the next one began: since the first lane
starts at a true record, the whole chain is then the true one, whatever the guesses were. Otherwise the caller walks
plainly, which also finds the exact place of damage.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Ints

LANE = 1 << 15
ENOUGH = 8 * LANE
"""Below this a plain loop is as good."""
_STEPS = 16
"""Steps between two looks at which lanes have arrived."""
_SPARSE = 16
"""A table of lanes and steps may have so many places for one record."""

Lengths = npt.NDArray[Any]
"""At the offset of a record: how far its successor is, less what all records have alike (an unaligned view)."""


@dataclass(slots=True)
class _Stride:
    """Some lanes' positions after 0 to ``_STEPS`` steps, a row each."""

    lane: Ints
    at: Ints


def worthwhile(starts: Ints, size: int) -> bool:
    """True when there are starts in most lanes: a lane much longer than the others is slower than a plain loop."""
    return len(starts) > size // (2 * LANE)


def walk(starts: Ints, stop: int, lengths: Lengths, alike: int = 0) -> Ints | None:
    """All record positions from ``starts[0]`` that are below ``stop``, ascending; None if the lanes don't join.

    ``starts`` ascends and ``starts[0]`` is a true record. ``lengths`` reaches to ``stop``; whether they are possible
    ones is for the caller to see in what is returned.
    """
    ends = np.append(starts[1:], stop)
    joined = np.zeros(len(starts), bool)
    joined[-1] = True
    lane, at = np.arange(len(starts)), starts
    strides: list[_Stride] = []
    while len(at):
        stride = _Stride(lane, _steps(at, stop, lengths, alike))
        strides.append(stride)
        joined[lane] |= (stride.at[1:] == ends[lane]).any(axis=0)
        at, before = stride.at[-1], stride.at[-2]
        going = at < ends[lane]
        if (going & (at == before)).any():
            return None
        lane, at = lane[going], at[going]
    return _in_order(strides, ends) if joined.all() else None


def _steps(at: Ints, stop: int, lengths: Lengths, alike: int) -> Ints:
    """A row for each step, none beyond ``stop``."""
    table = np.empty((_STEPS + 1, len(at)), np.int64)
    table[0] = at
    for here, there in pairwise(table):
        np.add(here, lengths[here], out=there)
        if alike:
            there += alike
        np.minimum(there, stop, out=there)
    return table


def _in_order(strides: list[_Stride], ends: Ints) -> Ints:
    """The positions lane after lane, which is their order: no sorting is needed, unless one lane is much longer."""
    steps = len(strides) * _STEPS
    if len(ends) * steps > _SPARSE * sum(stride.at.size for stride in strides):
        return np.sort(np.concatenate([stride.at[:-1][stride.at[:-1] < ends[stride.lane]] for stride in strides]))
    table = np.full((len(ends), steps), ends[-1])
    for number, stride in enumerate(strides):
        table[stride.lane, number * _STEPS : (number + 1) * _STEPS] = stride.at[:-1].T
    found: Ints = table[table < ends[:, None]]
    return found
