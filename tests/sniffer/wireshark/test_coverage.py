from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sniffer.wireshark.coverage import MOST_ISLANDS, Coverage

ACK = 16
ISN = 0xFFFFFF00
"""So near the end that sequence numbers wrap."""


def covered(pieces: list[tuple[int, int]], isn: int | None = ISN) -> Coverage:
    coverage = Coverage()
    if isn is not None:
        coverage.learn_isn(isn)
    for at, length in pieces:
        coverage.add((ISN + 1 + at) & 0xFFFFFFFF, length, length, ACK)
    return coverage


@given(st.permutations([(at, 100) for at in range(0, 1000, 100)]))
@settings(max_examples=50)
def test_all_pieces_in_any_order_leave_no_gap(pieces: list[tuple[int, int]]) -> None:
    coverage = covered(pieces)
    assert (coverage.gap, coverage.size, coverage.from_start) == (False, 1000, True)


@given(st.permutations([(at, 100) for at in range(0, 1000, 100)]), st.integers(0, 8))
@settings(max_examples=50)
def test_a_missing_piece_is_a_gap(pieces: list[tuple[int, int]], lost: int) -> None:
    assert covered([piece for piece in pieces if piece[0] != lost * 100]).gap


def test_what_follows_a_hole_says_nothing_until_it_is_filled() -> None:
    coverage = covered([(0, 10)])
    assert not coverage.add((ISN + 21) & 0xFFFFFFFF, 10, 10, ACK)
    assert coverage.add((ISN + 11) & 0xFFFFFFFF, 10, 10, ACK)
    assert coverage.size == 30
    assert not coverage.gap


def test_a_repeat_says_nothing() -> None:
    coverage = covered([(0, 10), (10, 10)])
    assert not coverage.add((ISN + 11) & 0xFFFFFFFF, 10, 10, ACK)
    assert not coverage.gap


def test_bytes_that_the_snaplen_cut_are_lost_for_good() -> None:
    coverage = covered([(0, 10)])
    assert coverage.add((ISN + 11) & 0xFFFFFFFF, 100, 50, ACK)
    assert not coverage.add((ISN + 111) & 0xFFFFFFFF, 10, 10, ACK)
    assert coverage.gap


def test_a_fin_beyond_the_last_byte_is_a_gap() -> None:
    coverage = covered([(0, 10)])
    coverage.finish((ISN + 31) & 0xFFFFFFFF)
    assert coverage.gap


def test_without_a_syn_an_earlier_byte_moves_the_start() -> None:
    coverage = covered([(100, 10), (90, 10)], isn=None)
    assert (coverage.gap, coverage.size, coverage.from_start) == (False, 20, False)


def test_a_flood_of_holes_is_bounded() -> None:
    coverage = covered([(at * 20 + 5, 10) for at in range(MOST_ISLANDS * 2)])
    assert coverage.lost
    assert len(coverage._islands) <= MOST_ISLANDS
