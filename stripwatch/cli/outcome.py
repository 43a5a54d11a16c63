"""What became of what a command fed, in one line for people."""

from __future__ import annotations

import sys

from ingest.documents.arrivals import GRAVEST_FIRST
from ingest.incidents.sentence import counted
from stripwatch.cli.failure import INPUT_FAILED, OK
from stripwatch.cli.feeding import Drained, name_unusable
from stripwatch.site import Site

WORDS = {"stored": "stored", "duplicate": "already there", "conflict": "in conflict", "dead_letter": "could not be used"}


def outcome_code(site: Site, drained: Drained | None, names: dict[str, str], failed: bool) -> int:
    """Say what became of the records, name those that could not be used (``names`` by record id), and give the exit code.
    ``failed``: some input was refused before, and is named already."""
    if failed and not names:
        return INPUT_FAILED
    unusable = drained is not None and drained.tally.outcomes["dead_letter"] > 0
    if unusable:
        name_unusable(site, names)
    say_outcome(drained)
    return INPUT_FAILED if unusable or failed else OK


def say_outcome(drained: Drained | None) -> None:
    """On stderr, so that stdout stays the data's."""
    if drained is None:
        sys.stderr.write("spooled; the running service stores it\n")
        return
    outcomes = drained.tally.outcomes
    parts = [f"{outcomes[word]:,} {WORDS[word]}" for word in reversed(GRAVEST_FIRST) if outcomes[word]]
    line = ", ".join(parts) or "nothing to store"
    if outcomes["dead_letter"]:
        line += " (see stripwatch deadletter list)"
    incidents = f"; {counted(drained.incidents, 'incident')} new or changed" if drained.incidents else ""
    sys.stderr.write(f"{line}{incidents}\n")
