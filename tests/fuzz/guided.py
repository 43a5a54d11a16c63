"""One target under atheris, which finds inputs by coverage: ``python -m tests.fuzz --guided`` starts it."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sniffer", "ingest"]):
    from tests.fuzz.runner import Outcome, one
    from tests.fuzz.target import LARGEST
    from tests.fuzz.targets import TARGETS


def main(name: str, seconds: str, seed: str, keep: str) -> None:
    """Ends the process, with a status other than 0 at the first broken promise."""
    target, rng = TARGETS[name], random.Random(int(seed))
    outcome = Outcome(target, Path(keep))

    def test_one_input(data: bytes) -> None:
        one(target, data, rng, outcome)
        if outcome.broken:
            raise SystemExit(f"{name}: a promise was broken")

    with tempfile.TemporaryDirectory(prefix="stripwatch-fuzz-") as folder:
        for number, start in enumerate(target.starts()):
            Path(folder, str(number)).write_bytes(start)
        words = Path(folder, "words")
        words.write_text("".join('"' + "".join(f"\\x{octet:02x}" for octet in word[:64]) + '"\n' for word in target.words))
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        limits = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LARGEST}", f"-dict={words}", "-print_final_stats=1"]
        limits.append("-rss_limit_mb=0")  # what atheris itself keeps of NumPy's arrays grows; ``measured`` looks at ours
        atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/", str(corpus), folder], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
