"""What people decided about incidents, kept apart from the store, so that a store that is rebuilt keeps it.

The file is JSON lines, one an incident: ``{"id", "state", "at", "by"}``. It is small (a line a decision that stands)
and written whole: a temporary file beside it, fsync, rename, fsync of the folder. After a crash it is the old or the
new one. A line that cannot be read is kept as it is and counted, never thrown away with the next write.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from ingest.incidents.errors import UnknownIncident, UnknownState
from ingest.incidents.model import STATES, Incident, State
from ingest.store.protocol import Document, Store
from ingest.store.schema import INCIDENTS

FILE_NAME = "incident_states.jsonl"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """``state`` of incident ``id`` since ``at``, set by ``by``."""

    id: str
    state: State
    at: datetime
    by: str


class StateBook:
    """The decisions in one file; safe for threads of one process. A missing file is an empty book."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._decisions, self._unreadable = _read(path)

    @property
    def damaged(self) -> int:
        """Lines that cannot be read."""
        return len(self._unreadable)

    def get(self, id: str) -> Decision | None:
        return self._decisions.get(id)

    def set_state(self, id: str, state: str, at: datetime, by: str) -> Decision:
        """Durable when it returns. Raises UnknownState, or OSError with the book as it was."""
        if state not in STATES:
            raise UnknownState(f"{state!r} is none of {', '.join(STATES)}")
        decision = Decision(id=id, state=state, at=at, by=by)
        with self._lock:
            decisions = {**self._decisions, id: decision}
            lines = [*self._unreadable, *(msgspec.json.encode(decisions[key]) for key in sorted(decisions))]
            _write(self.path, b"".join(line + b"\n" for line in lines))
            self._decisions = decisions
        return decision


def set_state(store: Store, book: StateBook, id: str, state: str, at: datetime, by: str) -> Document:
    """Decide about a stored incident: in the book first, then in the store. The document as it is now.
    Raises UnknownIncident, UnknownState, StoreUnavailable (the book knows by then: the next evaluation mends it)."""
    document = store.get(INCIDENTS.name, id)
    if document is None:
        raise UnknownIncident(f"there is no incident {id!r}")
    decision = book.set_state(id, state, at, by)
    incident = msgspec.structs.replace(Incident.from_document(document), state=decision.state, updated=at)
    decided = incident.to_document()
    store.put([decided])
    return decided


def _read(path: Path) -> tuple[dict[str, Decision], list[bytes]]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}, []
    decode: Callable[[bytes], Decision] = msgspec.json.Decoder(Decision).decode
    decisions: dict[str, Decision] = {}
    unreadable = []
    for line in filter(None, lines):
        try:
            decision = decode(line)
            decisions[decision.id] = decision
        except (msgspec.DecodeError, ValueError):
            unreadable.append(line)
    return decisions, unreadable


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
