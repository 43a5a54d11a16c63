"""What the second process notes for the first: the packets' flows and places in the file, window by window.

The first process follows its connections over the cut. It would have to read all of the second's part again to find
their packets; by the notes it reads these alone. Notes are kept for ``WINDOWS`` windows, and up to the first that has IP
fragments, whose segments aren't one record's.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Ints, Records
from sniffer.engine import Engine

WINDOWS = 64
"""Two gigabytes of capture, for a hundred megabytes of notes."""


class Note(NamedTuple):
    """One window."""

    keys: npt.NDArray[np.uint64]
    """The flow of each segment."""
    at: Ints
    """Where in the file its record begins."""
    now: int
    """Capture time at the window's end, nanoseconds since the epoch."""
    last: int
    """The latest time of its records."""
    end: int
    """Where in the file the window's records end."""


class NoteBook:
    """Written by the second process. ``header``: bytes of a record's header."""

    def __init__(self, path: Path, header: int) -> None:
        self._file = path.open("wb")
        self._header = header
        self._left = WINDOWS

    def add(self, records: Records, engine: Engine) -> None:
        """Note a window that the engine has just been fed."""
        if engine.decoder.fragmented:
            self._left = 0
        if self._left:
            self._left -= 1
            base = records.end - int(records.at[-1] + records.captured[-1])
            at = records.at[engine.decoder.record] + (base - self._header)
            now = int(records.time[-2:].min())
            pickle.dump(Note(engine.keys, at, now, int(records.time.max()), records.end), self._file, pickle.HIGHEST_PROTOCOL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pickle.dump(None, self._file)
        self._file.close()


def read_notes(file: IO[bytes]) -> Iterator[Note]:
    """All notes, in order."""
    file.seek(0)
    while (note := pickle.load(file)) is not None:
        yield note
