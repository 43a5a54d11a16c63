from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from collector.in_flight import InFlight, Lease


def test_lease_grows_within_the_limit_and_gives_all_back() -> None:
    in_flight = InFlight(100)
    one, other = Lease(in_flight), Lease(in_flight)
    assert one.grow_to(60)
    assert one.grow_to(50)
    assert not other.grow_to(41)
    assert other.grow_to(40)
    assert in_flight.held == 100
    one.close()
    one.close()
    assert in_flight.held == 40


def test_handed_over_lease_is_closed_once() -> None:
    in_flight = InFlight(100)
    lease = Lease(in_flight)
    lease.grow_to(70)
    heir = lease.hand_over()
    lease.close()
    assert in_flight.held == 70
    heir.close()
    assert in_flight.held == 0


def test_who_waits_is_let_in_in_turn() -> None:
    async def scene() -> None:
        in_flight = InFlight(100)
        first = Lease(in_flight)
        assert await first.admit(100, 1)
        order: list[int] = []

        async def come(number: int) -> None:
            assert await Lease(in_flight).admit(60, 5)
            order.append(number)

        tasks = [asyncio.create_task(come(number)) for number in range(2)]
        await asyncio.sleep(0.01)
        assert not await Lease(in_flight).admit(1, 0.01), "nobody passes those who wait"
        first.close()
        await asyncio.sleep(0.01)
        assert order == [0]
        in_flight.release(60)
        await asyncio.gather(*tasks)
        assert order == [0, 1]
        assert in_flight.held == 60

    asyncio.run(scene())


def test_newcomers_leave_a_quarter_to_those_that_have_started() -> None:
    async def scene() -> None:
        in_flight = InFlight(100)
        started = Lease(in_flight)
        assert await started.admit(40, 1)
        assert not await Lease(in_flight).admit(36, 0.01)
        assert await Lease(in_flight).admit(35, 0.01)
        assert started.grow_to(65)

    asyncio.run(scene())


def test_who_gives_up_waiting_holds_nothing() -> None:
    async def scene() -> None:
        in_flight = InFlight(10)
        holder = Lease(in_flight)
        holder.grow_to(10)
        assert not await Lease(in_flight).admit(10, 0.01)
        waiting = asyncio.create_task(Lease(in_flight).admit(10, 5))
        await asyncio.sleep(0.01)
        holder.close()  # the room is given …
        waiting.cancel()  # … and its owner is gone in the same turn of the loop
        await asyncio.gather(waiting, return_exceptions=True)
        assert in_flight.held == 0

    asyncio.run(scene())


@given(st.lists(st.integers(0, 60), max_size=30))
def test_never_more_than_the_limit(sizes: list[int]) -> None:
    in_flight = InFlight(100)
    leases = []
    for size in sizes:
        lease = Lease(in_flight)
        lease.grow_to(size)
        leases.append(lease)
        assert in_flight.held == sum(each.size for each in leases) <= 100
    for lease in leases:
        lease.close()
    assert in_flight.held == 0
