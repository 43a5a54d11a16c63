"""A progress line on a terminal, and none in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(word: str) -> Iterator[Callable[[int], None]]:
    """Call what it gives with the number of things done since the last call, or, if larger, altogether."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console

    console = Console(file=sys.stderr)
    done = 0
    with console.status(f"{word} 0") as status:

        def step(count: int) -> None:
            nonlocal done
            done = max(done + 1, count)
            status.update(f"{word} {done:,}")

        yield step
