"""Segments sorted by flow and side keep the order of capture, however alike the flows' keys are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sniffer.flows.groups import group
from sniffer.packets.columns import ACK, Columns
from sniffer.settings import SECOND

ALIKE = (0x1234_5678_9ABC_0000, 0x1234_5678_9ABC_0001, 0x1234_5678_9ABD_0000, 0x1234_5600_0000_0000, 7)
"""Keys that share 43 bits, or 15, or none."""


def segments(ends: list[tuple[int, int]]) -> Columns:
    """One of each (key, side)."""
    n = len(ends)
    numbers = np.arange(n)
    return Columns(
        key=np.array([key for key, _ in ends], np.uint64),
        side=np.array([side for _, side in ends], np.uint8),
        seq=numbers.astype(np.uint32),
        ack=np.zeros(n, np.uint32),
        flags=np.full(n, ACK, np.uint8),
        length=np.ones(n, np.int64),
        captured=np.ones(n, np.int64),
        data=numbers,
        time=numbers * SECOND,
        source=numbers,
        family=np.full(n, 4, np.uint8),
        source_port=np.full(n, 25, np.uint16),
        destination_port=np.full(n, 40000, np.uint16),
        vlan=np.full(n, -1, np.int16),
        interface=np.zeros(n, np.int16),
    )


@given(st.lists(st.tuples(st.sampled_from(ALIKE), st.integers(0, 1)), min_size=1, max_size=60))
def test_each_flow_stands_together_side_by_side_in_the_order_of_capture(ends: list[tuple[int, int]]) -> None:
    facts = group(segments(ends), SECOND, SECOND)
    rows = facts.row.tolist()
    flows = [rows[start:stop] for start, stop in zip(facts.flow[:-1].tolist(), facts.flow[1:].tolist(), strict=True)]
    assert sorted(ends[flow[0]][0] for flow in flows) == sorted({key for key, _ in ends})
    for flow in flows:
        key = ends[flow[0]][0]
        assert flow == [row for side in (0, 1) for row, one in enumerate(ends) if one == (key, side)]
    halves = [rows[start:stop] for start, stop in zip(facts.half[:-1].tolist(), facts.half[1:].tolist(), strict=True)]
    assert sorted(map(str, ({ends[row] for row in half} for half in halves))) == sorted(str({one}) for one in set(ends))
    assert facts.columns.seq.tolist() == rows
