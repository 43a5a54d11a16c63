"""Every fuzz target at a size for each commit; every input that once broke a promise (`make fuzz` goes on for longer)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.runner import Outcome, measured, one, run
from tests.fuzz.target import PromiseBroken, Target, expect
from tests.fuzz.targets import TARGETS

INPUTS = 150
KEPT = [(name, path) for name, target in TARGETS.items() for path in target.kept()]


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_is_made_from_them_get_documented_answers(name: str, tmp_path: Path) -> None:
    target, rng = TARGETS[name], random.Random(7)
    outcome, seeds = Outcome(target, tmp_path), target.starts()
    assert seeds
    for data in [*seeds, *(target.shaped(rng, mutated(rng, rng.choice(seeds), seeds, target.words)) for _ in range(INPUTS))]:
        one(target, data, rng, outcome)
    assert outcome.broken == 0
    assert len(outcome.answers) > 1


@pytest.mark.parametrize(("name", "path"), KEPT, ids=[f"{name}-{path.name}" for name, path in KEPT])
def test_an_input_that_once_broke_a_promise(name: str, path: Path) -> None:
    target, data = TARGETS[name], path.read_bytes()
    answer, _, _ = measured(lambda: target.answer(data))
    for seed in range(8):
        assert target.again is None or target.again(data, random.Random(seed)) == answer


def fragile(data: bytes) -> int:
    if b"boom" in data:
        raise KeyError(data)
    expect(b"lie" not in data, "a lie")
    return len(data)


def test_the_runner_keeps_what_breaks_a_promise_and_tells_each_kind_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = Target("fragile", lambda: [b"good", b"boom", b"another boom", b"lie"], fragile)
    outcome = run(target, 0.0, 1, tmp_path)
    assert (outcome.inputs, outcome.broken) == (4, 3)
    assert {path.read_bytes() for path in (tmp_path / "fragile").iterdir()} == {b"boom", b"lie"}
    assert "KeyError" in capsys.readouterr().out


def test_an_answer_that_depends_on_the_cut_is_a_broken_promise(tmp_path: Path) -> None:
    target = Target("cut", lambda: [b"a", b"b", b"c", b"d"], lambda data: data, lambda data, _rng: data + b"!")
    assert run(target, 0.0, 1, tmp_path).broken == 1


def test_expect_says_what_is_wrong() -> None:
    with pytest.raises(PromiseBroken, match="why"):
        expect([], "why")
