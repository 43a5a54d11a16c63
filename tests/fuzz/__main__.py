"""Fuzzing: for any bytes a documented answer, the same however they are cut, in bounded time and memory.

    python -m tests.fuzz [TARGET…] [--seconds 60] [--seed 1] [--keep FOLDER] [--guided]

Each target takes that many seconds. Inputs are mutated golden cases and made captures; --guided lets atheris find them
by coverage (an extra: pip install 'stripwatch[fuzz]'). An input that breaks a promise is kept in FOLDER/TARGET, by
default tests/fuzz/kept, where it is a test and a seed from then on; exit status 1 then.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

from tests.fuzz.runner import Outcome, run
from tests.fuzz.target import KEPT
from tests.fuzz.targets import TARGETS

GUIDED = "tests.fuzz.guided"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=KEPT)
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris")
    given = parser.parse_args()
    unknown = [name for name in given.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]!r}; there are {', '.join(TARGETS)}")
    logging.disable()  # what is damaged is said there, thousands of times
    failed = False
    for name in given.targets or TARGETS:
        if given.guided:
            command = [sys.executable, "-m", GUIDED, name, str(int(given.seconds)), str(given.seed), str(given.keep)]
            failed |= subprocess.run(command, check=False).returncode != 0
        else:
            outcome = run(TARGETS[name], given.seconds, given.seed, given.keep)
            failed |= outcome.broken > 0
            tell(outcome, given.seconds)
    return 1 if failed else 0


def tell(outcome: Outcome, seconds: float) -> None:
    usual = ", ".join(f"{count} × {answer}" for answer, count in outcome.answers.most_common(4))
    print(
        f"{outcome.target.name:8} {outcome.inputs:9,} inputs {outcome.inputs / seconds:8,.0f}/s {outcome.again:8,} again in pieces, "
        f"slowest {outcome.slowest * 1000:4.0f} ms, grown {outcome.grown} MiB, {outcome.broken} promises broken\n         {usual}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
