"""How a command ends when it cannot go on: one line on stderr, an exit code, no traceback.

0 all well · 1 an input gave no report, or a capture ended damaged, or a store did not answer · 2 wrong usage or configuration
"""

from __future__ import annotations

import sys

OK, INPUT_FAILED, USAGE = 0, 1, 2


class CommandFailed(Exception):
    """Ends the command with ``code`` after one line on stderr."""

    def __init__(self, line: str, code: int = INPUT_FAILED) -> None:
        super().__init__(line)
        self.code = code


def complain(line: str) -> None:
    """One line on stderr, whatever stands in it."""
    from stripwatch.cli.output import harmless

    sys.stderr.write(f"stripwatch: {harmless(line)}\n")
