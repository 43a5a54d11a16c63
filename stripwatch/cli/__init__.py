"""The command line: one file a command, and one way to end."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point. Every failure is one line on stderr and an exit code; ``--debug`` shows where it came from."""
    from stripwatch.cli.app import run

    sys.exit(run(sys.argv[1:]))
