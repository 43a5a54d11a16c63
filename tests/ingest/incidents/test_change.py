from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.incidents.change import NOTHING, Bucket, Demand, Share, episodes, pooled, proves

START = datetime(2026, 11, 1, tzinfo=UTC)
NONE_LEFT = Demand(floor=1.0, rise=0.0, sample=20, reference=20, significance=1e-4)
JUMP = Demand(floor=0.0, rise=0.2, sample=20, reference=20, significance=1e-4)


def buckets(*shares: tuple[int, int]) -> list[Bucket]:
    return [Bucket(START + n * timedelta(hours=1), Share(*share)) for n, share in enumerate(shares)]


def test_a_share_that_turns_is_an_episode_from_its_first_bucket_to_its_last() -> None:
    (found,) = episodes(buckets((0, 15), (0, 15), (12, 12), (13, 13), (0, 9)), NOTHING, NONE_LEFT)
    assert (found.begin, found.buckets[-1].begin) == (START + timedelta(hours=2), START + timedelta(hours=3))
    assert (found.found, found.normal) == (Share(25, 25), Share(0, 30))


def test_memory_stands_for_what_came_before() -> None:
    assert len(episodes(buckets((25, 25)), Share(0, 30), NONE_LEFT)) == 1
    assert episodes(buckets((25, 25)), NOTHING, NONE_LEFT) == []


@pytest.mark.parametrize("size, count", [(19, 0), (20, 1)])
def test_the_sample_has_a_minimum(size: int, count: int) -> None:
    assert len(episodes(buckets((size, size)), Share(0, 100), NONE_LEFT)) == count


@pytest.mark.parametrize("size, count", [(19, 0), (20, 1)])
def test_the_reference_has_a_minimum(size: int, count: int) -> None:
    assert len(episodes(buckets((100, 100)), Share(0, size), NONE_LEFT)) == count


def test_one_contrary_session_breaks_a_run_of_none() -> None:
    assert episodes(buckets((10, 10), (10, 11), (10, 10)), Share(0, 100), NONE_LEFT) == []


def test_a_run_too_small_becomes_part_of_what_is_normal() -> None:
    first, second = buckets((15, 15), (0, 10)), buckets((25, 25))
    later = Bucket(START + timedelta(hours=5), second[0].share)
    (found,) = episodes([*first, later], Share(0, 100), NONE_LEFT)
    assert found.normal == Share(15, 125)


def test_chance_is_no_change() -> None:
    assert episodes(buckets((20, 20)), Share(900, 1000), NONE_LEFT) == []
    assert not proves(Share(20, 20), Share(900, 1000), NONE_LEFT)


def test_what_appears_later_is_no_change_for_the_worse() -> None:
    assert episodes(buckets((50, 50), (0, 50), (0, 50)), NOTHING, NONE_LEFT) == []


def test_a_jump_must_rise_far_enough() -> None:
    assert episodes(buckets((100, 1000), (290, 1000)), NOTHING, JUMP) == []
    (found,) = episodes(buckets((100, 1000), (310, 1000)), NOTHING, JUMP)
    assert found.found == Share(310, 1000)


def test_an_episode_is_not_what_is_normal_for_the_next() -> None:
    found = episodes(buckets((0, 100), (80, 100), (0, 100), (80, 100)), NOTHING, JUMP)
    assert [episode.normal for episode in found] == [Share(0, 100), Share(0, 200)]


def test_times_are_those_of_the_hits() -> None:
    first, last = START + timedelta(minutes=7), START + timedelta(minutes=50)
    (found,) = episodes([Bucket(START, Share(30, 30), first, last)], Share(0, 30), NONE_LEFT)
    assert (found.first_seen, found.last_seen) == (first, last)


shares = st.integers(0, 40).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(st.lists(shares, max_size=40), shares, st.sampled_from([NONE_LEFT, JUMP]))
def test_every_episode_proves_what_is_demanded(found: list[tuple[int, int]], memory: tuple[int, int], demand: Demand) -> None:
    series = buckets(*found)
    runs = episodes(series, Share(*memory), demand)
    for episode in runs:
        assert proves(episode.found, episode.normal, demand)
        assert all(bucket.share.value >= demand.floor for bucket in episode.buckets)
        assert episode.normal.total <= pooled([Share(*memory), *(b.share for b in series if b.begin < episode.begin)]).total
    later = [*series, Bucket(START + timedelta(days=9), Share(0, 30))]
    assert episodes(later, Share(*memory), demand) == runs, "what happens afterwards takes nothing back"
