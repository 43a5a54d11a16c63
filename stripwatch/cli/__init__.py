"""The command line: one file a command, and one way to end."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point. Every failure is one line on stderr and an exit code; ``--debug`` shows where it came from."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy starts a thread a core otherwise, for an algebra that nothing here does
    from stripwatch.cli.app import run

    sys.exit(run(sys.argv[1:]))
