"""The three standard streams as the commands may rely on them: open, and with an error of their own when stdout takes no more."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from stripwatch.cli.failure import CommandFailed


class OutputFailed(CommandFailed):
    """Standard output takes no more; told apart from the failures of files that a command reads and writes."""


_BUFFER = 1 << 16
"""Bytes: a session is two thousand."""


class _StandardOutput(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputFailed(f"standard output: {error.strerror}") from error


def settle_streams() -> None:
    """Once, before anything is opened: the next file would get a closed stream's number, and its bytes. Input and errors
    that are closed become empty. Raises OutputFailed when there is no standard output."""
    for number, stream in ((0, sys.stdin), (2, sys.stderr)):
        if stream is None:
            _take_number(number)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 — a number, for the whole run
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        raise OutputFailed("standard output is closed")
    encoding, errors, on_terminal = sys.stdout.encoding, sys.stdout.errors, sys.stdout.isatty()
    raw = io.BufferedWriter(_StandardOutput(1, "w", closefd=False), _BUFFER)
    sys.stdout = io.TextIOWrapper(raw, encoding, errors, line_buffering=on_terminal)


def drop_output() -> None:
    """What is still to be written goes nowhere: nobody takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _take_number(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != number:
        os.dup2(nothing, number)
        os.close(nothing)
