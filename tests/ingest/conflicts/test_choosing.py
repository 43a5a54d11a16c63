"""Somebody chooses between two contents of one identity: the figures follow, and keep following."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.conflicts.choices import ChoiceBook
from ingest.conflicts.choosing import choose
from ingest.conflicts.differences import differences
from ingest.conflicts.errors import NoConflict, NotEligible, UnknownReport
from ingest.conflicts.versions import in_conflict
from ingest.dead_letters.folder import DeadLetters
from ingest.drain.batch import Batch
from ingest.drain.drain import Drain
from ingest.drain.judgement import WayJudge
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.replay import replay
from ingest.spool.spool import Spool
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import Document, Store
from ingest.store.query import Filter, Metric, Query, Selection
from tests.ingest.drain.conftest import ARRIVED, ENRICHER, dmarc_report, mail, tls_report
from tests.ingest.store.conftest import duck, elastic, prepared_elastic, store

__all__ = ["duck", "elastic", "prepared_elastic", "store"]
FILE_NAME = "choices.jsonl"
AT = datetime(2026, 11, 24, tzinfo=UTC)


class Scene:
    """A spool, a drain with a book of choices, and one of the stores."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder, store
        store.prepare()
        self.spool = Spool.open(folder / "spool")
        self.reader = SpoolReader.open(folder / "spool")
        self.book = ChoiceBook(folder / FILE_NAME)

    def drain(self, store: Store | None = None) -> Drain:
        return Drain(
            reader=self.reader,
            store=store or self.store,
            dead_letters=DeadLetters(self.folder / "dead"),
            enricher=ENRICHER,
            judge=WayJudge(),
            clock=lambda: ARRIVED,
            choices=self.book,
        )

    def take(self, *bodies: bytes, way: Any = "https") -> None:
        content: Any = "mail" if way == "smtp" else "report"
        for body in bodies:
            self.spool.append(SpoolRecord(way=way, content=content, arrived_at=ARRIVED, body=body))
        drain = self.drain()
        while drain.step() is not None:
            pass
        self.store.refresh()

    def choose(self, id: str, store: Store | None = None) -> None:
        used = store or self.store
        choose(used, self.book, id, AT, "operator", Batch(used, 100).put)

    def report(self, messages: int) -> Document:
        (found,) = self.store.select(Selection(dataset="reports", where=(Filter("report.messages", "eq", (messages,)),))).documents
        return found

    def messages(self, dataset: str = "dmarc", field: str = "dmarc.count") -> int:
        counted = (Filter("counted", "eq", (True,)),)
        (row,) = self.store.aggregate(Query(dataset=dataset, where=counted, metrics=(Metric("sum", "sum", field),))) or [{"sum": 0}]
        return int(row["sum"])

    def everything(self) -> dict[str, list[Document]]:
        names = ("reports", "dmarc", "tlsrpt", "tlsrpt_failures")
        return {name: sorted(self.store.select(Selection(dataset=name, limit=1000)).documents, key=lambda d: d.id) for name in names}


@pytest.fixture
def scene(tmp_path: Path, store: Store) -> Iterator[Scene]:
    made = Scene(tmp_path, store)
    yield made
    made.spool.close()
    made.reader.close()


FIRST, SECOND, THIRD = dmarc_report(rows=2), dmarc_report(rows=5, count=9), dmarc_report(rows=7)


def test_the_figures_follow_a_choice_and_its_reversal(scene: Scene) -> None:
    scene.take(FIRST, SECOND)
    assert scene.messages() == 2
    scene.choose(scene.report(45).id)
    assert scene.messages() == 45
    assert (scene.report(2).fields["left_out"], scene.report(2).fields["counted"]) == ("conflict", False)
    assert "left_out" not in scene.report(45).fields
    chosen = scene.everything()
    scene.choose(scene.report(45).id)
    assert scene.everything() == chosen, "choosing again changes nothing"
    scene.choose(scene.report(2).id)
    assert scene.messages() == 2


def test_a_tls_report_that_is_chosen_brings_its_failures(scene: Scene) -> None:
    scene.take(tls_report(), tls_report(successful=50, failures=20))
    assert scene.messages("tlsrpt_failures", "tlsrpt.failed_session_count") == 2
    scene.choose(scene.report(70).id)
    assert scene.messages("tlsrpt_failures", "tlsrpt.failed_session_count") == 20
    assert scene.messages("tlsrpt", "tlsrpt.successful_sessions") == 50


def test_a_choice_outlives_a_replay_and_what_comes_again(scene: Scene) -> None:
    scene.take(FIRST, SECOND)
    scene.choose(scene.report(45).id)
    scene.take(FIRST, SECOND, FIRST)
    assert scene.messages() == 45
    before = scene.everything()
    scene.drain().replay(replay(scene.folder / "spool"))
    scene.store.refresh()
    assert scene.everything() == before


def test_a_choice_outlives_the_store(scene: Scene, tmp_path: Path) -> None:
    scene.take(FIRST, SECOND, THIRD)
    scene.choose(scene.report(45).id)
    scene.spool.close()
    new = DuckStore(tmp_path / "new.duckdb")
    try:
        scene.book = ChoiceBook(tmp_path / FILE_NAME)
        scene.drain(new).replay(replay(scene.folder / "spool"))
        scene.store = new
        assert scene.messages() == 45
        assert [d.fields["report.messages"] for d in scene.everything()["reports"] if d.fields["counted"]] == [45]
    finally:
        new.close()


def test_a_chosen_report_gives_way_to_none_that_is_trusted_no_more(scene: Scene) -> None:
    scene.take(FIRST, SECOND)
    scene.choose(scene.report(45).id)
    scene.take(THIRD)
    assert scene.messages() == 45
    scene.take(dmarc_report(rows=11), way="file")
    assert scene.messages() == 11, "what came later and is trusted more was not among those that were chosen from"
    assert len(next(in_conflict(scene.store, Selection(dataset="reports")))) == 4
    scene.choose(scene.report(45).id)
    assert scene.messages() == 45, "now it was"


def test_only_what_would_count_can_be_chosen(scene: Scene) -> None:
    scene.take(FIRST)
    with pytest.raises(NoConflict):
        scene.choose(scene.report(2).id)
    with pytest.raises(UnknownReport):
        scene.choose("nothing")
    scene.take(mail(SECOND), way="smtp")
    with pytest.raises(NotEligible, match="unsigned"):
        scene.choose(scene.report(45).id)
    assert scene.messages() == 2
    assert scene.book.get(scene.report(2).id) is None


@pytest.mark.parametrize("writes", range(4))
def test_a_choice_that_a_store_broke_off_never_counts_twice_and_is_carried_out_by_the_next(scene: Scene, writes: int) -> None:
    scene.take(FIRST, SECOND)
    chosen = scene.report(45).id
    with pytest.raises(StoreUnavailable):
        scene.choose(chosen, _BreaksOff(scene.store, writes))  # type: ignore[arg-type]
    scene.store.refresh()
    assert scene.messages() <= 45
    scene.take(FIRST)
    assert scene.messages() == 45


def test_the_difference_is_the_rows_that_stand_in_one_only(scene: Scene) -> None:
    scene.take(dmarc_report(rows=2), dmarc_report(rows=3))
    (found,) = in_conflict(scene.store, Selection(dataset="reports"))
    only = {version.report.fields["report.records"]: version.only_here for version in differences(scene.store, found)}
    assert only[2] == ()
    assert only[3] == (("198.51.100.2", "example.org", "fail", "fail", "none", 1),)


def test_an_unreadable_line_of_the_book_stays(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b'{"identity":"a"\n')
    book = ChoiceBook(path)
    assert book.damaged == 1
    book.choose("b", "h", ["h", "i", "h"], AT, "operator")
    assert path.read_bytes().startswith(b'{"identity":"a"\n')
    again = ChoiceBook(path).get("b")
    assert again is not None and again.among == ("h", "i")


class _BreaksOff:
    """The real store until it has written so often."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store, self._writes = store, writes

    def put(self, documents: list[Document]) -> None:
        if self._writes <= 0:
            raise StoreUnavailable("gone")
        self._writes -= 1
        self._store.put(documents)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
