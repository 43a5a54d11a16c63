from collector.pickup.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(5.0, 30.0, lambda: 0.0)
    assert [backoff.pause() for _ in range(5)] == [5.0, 10.0, 20.0, 30.0, 30.0]
    backoff.reset()
    assert backoff.pause() == 5.0


def test_chance_takes_up_to_a_half() -> None:
    assert Backoff(8.0, 30.0, lambda: 0.5).pause() == 6.0
    assert Backoff(8.0, 30.0, lambda: 0.999999).pause() > 4.0


def test_the_longest_at_once() -> None:
    backoff = Backoff(5.0, 30.0, lambda: 0.0)
    assert [backoff.pause(longest=True), backoff.pause()] == [30.0, 30.0]
