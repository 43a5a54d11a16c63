"""One target for as long as asked: mutate, read, watch time, memory and answers, keep what broke a promise."""

from __future__ import annotations

import hashlib
import random
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.fuzz.mutation import mutated
from tests.fuzz.target import PromiseBroken, Target

ALLOWED_SECONDS = 0.1
"""Processor time of one input."""
ALLOWED_MIB = 32
HANG_SECONDS = 20.0
AGAIN_EVERY = 4
"""Every so many inputs are read a second time, in other pieces."""
WARM_UP = 20
"""Inputs before memory counts: what is loaded once is no input's fault."""


class Hang(BaseException):
    """No answer in HANG_SECONDS of processor time."""


class Outcome:
    def __init__(self, target: Target, keep: Path) -> None:
        self.target = target
        self.inputs = self.again = self.broken = 0
        self.slowest = 0.0
        self.grown = 0
        """MiB that the process grew after the warm-up."""
        self.answers: Counter[str] = Counter()
        self._keep = keep
        self._told: set[str] = set()

    def broke(self, data: bytes, how: str, detail: str) -> None:
        """Keep an input; each kind of failure is told once."""
        self.broken += 1
        if how in self._told:
            return
        self._told.add(how)
        folder = self._keep / self.target.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        print(f"{self.target.name}: {path}: {how}\n{detail}", flush=True)


def run(target: Target, seconds: float, seed: int, keep: Path) -> Outcome:
    """Mutated seeds until the time is over; the seeds themselves first."""
    rng, outcome = random.Random(seed), Outcome(target, keep)
    seeds = target.starts()
    until = time.monotonic() + seconds
    with hanging_ends():
        for data in inputs(target, seeds, rng):
            if time.monotonic() > until and outcome.inputs >= len(seeds):
                return outcome
            one(target, data, rng, outcome)
    return outcome


def inputs(target: Target, seeds: list[bytes], rng: random.Random) -> Iterator[bytes]:
    yield from seeds
    while True:
        yield target.shaped(rng, mutated(rng, rng.choice(seeds), seeds, target.words))


def one(target: Target, data: bytes, rng: random.Random, outcome: Outcome) -> None:
    """Read one input, sometimes twice, and note what is wrong."""
    outcome.inputs += 1
    try:
        answer, took, grown = measured(lambda: target.answer(data))
        if took > ALLOWED_SECONDS:
            took = min(took, measured(lambda: target.answer(data))[1])
        if target.again and outcome.inputs % AGAIN_EVERY == 0:
            outcome.again += 1
            other = target.again(data, rng)
            if other != answer:
                raise PromiseBroken(f"whole: {answer!r:.2000}\ncut:   {other!r:.2000}")
    except (Exception, Hang) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        outcome.broke(data, f"{type(error).__name__} at {place.filename}:{place.lineno}", traceback.format_exc(limit=-6))
        return
    outcome.slowest = max(outcome.slowest, took)
    outcome.answers[str(answer)[:60]] += 1
    if took > ALLOWED_SECONDS:
        outcome.broke(data, "slow", f"{took * 1000:.0f} ms for {len(data)} bytes")
    if outcome.inputs > WARM_UP:
        outcome.grown += grown
        if grown > ALLOWED_MIB:
            outcome.broke(data, "large", f"{grown} MiB for {len(data)} bytes")


def measured(answer: Callable[[], Hashable]) -> tuple[Hashable, float, int]:
    """The answer, the processor seconds it took, and by how many MiB the process's peak rose."""
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
    peak, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    found = answer()
    took = time.thread_time() - begun
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return found, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak >> 10


@contextmanager
def hanging_ends() -> Iterator[None]:
    """An input that is never answered raises Hang."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"no answer in {HANG_SECONDS:g} s")

    before = signal.signal(signal.SIGVTALRM, end)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
