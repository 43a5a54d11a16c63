from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.incidents import states
from ingest.incidents.errors import UnknownIncident, UnknownState
from ingest.incidents.states import StateBook, set_state
from ingest.store.duckdb_store.store import DuckStore

AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_decisions_are_there_after_reopening(tmp_path: Path) -> None:
    book = StateBook(tmp_path / "states.jsonl")
    book.set_state("a", "acknowledged", AT, "alice")
    book.set_state("b", "closed", AT, "bob")
    book.set_state("a", "open", AT, "carol")
    again = StateBook(book.path)
    assert [(d.state, d.by, d.at) for d in (again.get("a"), again.get("b")) if d] == [("open", "carol", AT), ("closed", "bob", AT)]
    assert again.get("c") is None and again.damaged == 0


def test_an_unknown_state_is_refused_and_nothing_written(tmp_path: Path) -> None:
    book = StateBook(tmp_path / "states.jsonl")
    with pytest.raises(UnknownState):
        book.set_state("a", "solved", AT, "alice")
    assert not book.path.exists()


def test_a_line_that_cannot_be_read_is_counted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "states.jsonl"
    path.write_bytes(b'{"id":"a","state":"closed","at":"2026-11-24T00:00:00Z","by":"x"}\n{"id":"b","sta\n\xff\xfe\n')
    book = StateBook(path)
    assert book.damaged == 2 and book.get("a") is not None
    book.set_state("c", "closed", AT, "alice")
    assert b'{"id":"b","sta\n' in path.read_bytes() and StateBook(path).damaged == 2


def test_a_failed_write_leaves_book_and_file_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = StateBook(tmp_path / "states.jsonl")
    book.set_state("a", "closed", AT, "alice")
    before = book.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(states.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        book.set_state("a", "open", AT, "bob")
    assert book.path.read_bytes() == before
    assert (decision := book.get("a")) is not None and decision.state == "closed"


def test_the_order_of_a_durable_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        calls.append("fsync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "fsync file")  # noqa: PTH112
        fsync(descriptor)

    def replaced(self: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(self, target)

    monkeypatch.setattr(states.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    StateBook(tmp_path / "states.jsonl").set_state("a", "closed", AT, "alice")
    assert calls == ["fsync file", "rename", "fsync folder"]


def test_setting_the_state_of_no_incident(duck: DuckStore, tmp_path: Path) -> None:
    book = StateBook(tmp_path / "states.jsonl")
    with pytest.raises(UnknownIncident):
        set_state(duck, book, "nothing", "closed", AT, "alice")
    assert book.get("nothing") is None


@settings(max_examples=30)
@given(content=st.binary(max_size=300))
def test_any_file_can_be_opened(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("book") / "states.jsonl"
    path.write_bytes(content)
    StateBook(path).set_state("a", "closed", AT, "alice")
    assert StateBook(path).get("a") is not None
