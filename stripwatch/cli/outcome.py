"""What became of what a command fed, in one line for people."""

from __future__ import annotations

import sys

from ingest.documents.arrivals import GRAVEST_FIRST
from stripwatch.cli.feeding import Drained

WORDS = {"stored": "stored", "duplicate": "already there", "conflict": "in conflict", "dead_letter": "could not be used"}


def say_outcome(drained: Drained | None) -> None:
    """On stderr, so that stdout stays the data's."""
    if drained is None:
        sys.stderr.write("spooled; the running service stores it\n")
        return
    outcomes = drained.tally.outcomes
    parts = [f"{outcomes[word]:,} {WORDS[word]}" for word in reversed(GRAVEST_FIRST) if outcomes[word]]
    line = ", ".join(parts) or "nothing to store"
    if outcomes["dead_letter"]:
        line += f" ({', '.join(sorted(drained.tally.reasons))}; see stripwatch deadletter list)"
    incidents = f"; {drained.incidents} incidents new or changed" if drained.incidents else ""
    sys.stderr.write(f"{line}{incidents}\n")
