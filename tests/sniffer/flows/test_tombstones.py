"""Tombstones in arrays are what a dictionary of them would be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sniffer.flows.tombstones import Lot, Tombstones, is_among

KEY = st.integers(0, 12).map(lambda number: number * 0x1111111111111111 % (1 << 64))
ISN = st.none() | st.integers(0, 0xFFFFFFFF)
STEP = st.one_of(
    st.tuples(st.just("add"), KEY, st.integers(0, 50), ISN, ISN),
    st.tuples(st.just("lot"), st.dictionaries(KEY, st.integers(0, 50), max_size=6)),
    st.tuples(st.just("discard"), KEY),
    st.tuples(st.just("expire"), st.integers(0, 50)),
)


@given(st.lists(STEP, max_size=30))
def test_they_are_as_in_a_dictionary(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    tombs, model = Tombstones(), {}
    for what, *values in steps:
        if what == "add":
            key, closed, one, other = values
            tombs.discard(key)
            tombs.add(key, closed, (one, other))
            model[key] = closed, (one, other)
        elif what == "lot":
            new = {key: closed for key, closed in values[0].items() if key not in model}
            closed = np.array(list(new.values()), np.int64)
            tombs.add_lot(Lot(np.array(list(new), np.uint64), closed, closed + 1, closed + 2))
            tombs.expire(-1)
            model |= {key: (closed, (closed + 1, closed + 2)) for key, closed in new.items()}
        elif what == "discard":
            tombs.discard(values[0])
            model.pop(values[0], None)
        else:
            tombs.expire(values[0])
            model = {key: tomb for key, tomb in model.items() if tomb[0] >= values[0]}
        assert sorted(tombs.keys()) == sorted(model)
        assert all(tombs.get(key) == model.get(key) for key in (n * 0x1111111111111111 % (1 << 64) for n in range(13)))
    tombs.expire(-1)
    keys = np.array([n * 0x1111111111111111 % (1 << 64) for n in range(13)], np.uint64)
    assert tombs.among(keys).tolist() == [key in model for key in keys.tolist()]


def test_nothing_is_among_nothing() -> None:
    assert is_among(np.array([1], np.uint64), np.array([], np.uint64)).tolist() == [False]
