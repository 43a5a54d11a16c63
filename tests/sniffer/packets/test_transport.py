"""The key of a flow: one for both directions, another for any other ends."""

from __future__ import annotations

import numpy as np

from sniffer.packets.transport import FlowKey, PortTable


def test_ports():
    table = PortTable(frozenset({25, 465}), any_port=False).table
    assert np.flatnonzero(table).tolist() == [25, 465]
    assert PortTable(frozenset({25}), any_port=True).table.all()


def test_keys_of_near_ends_differ():
    """Neighbouring addresses and ports, the case that a sum or xor of the parts would confuse."""
    keys = FlowKey((0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93))
    addresses = np.repeat(np.arange(200, dtype=np.uint64), 200)
    ports = np.tile(np.arange(40_000, 40_200, dtype=np.uint16), 200)
    ends = keys.ends(addresses, ports, 4)
    assert len(np.unique(ends)) == len(ends)
    server = keys.ends(np.array([77], np.uint64), np.array([25], np.uint16), 4)
    pairs = np.concatenate([ends + server, ends[1:] + ends[:-1]])
    assert len(np.unique(pairs)) == len(pairs)
    assert not np.isin(keys.ends(addresses, ports, 6), ends).any()
