"""Reports that could not be judged are judged again; a report that counts takes the identity of one that does not."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from ingest.drain.drain import Drain
from ingest.drain.judgement import UNDECIDED, Judgement
from ingest.drain.rejudge import FAILURES, Rejudge
from ingest.drain.undecided import FILE_NAME, FIRST_WAIT, GIVE_UP, LONGEST_WAIT, UndecidedBook, Waiting
from ingest.reports.model import Report
from ingest.spool.filesystem import REAL_FILESYSTEM
from ingest.spool.record import SpoolRecord
from ingest.spool.replay import replay
from ingest.store.errors import StoreUnavailable

from .conftest import ARRIVED, ENRICHER, Bench, dmarc_report, mail, tls_report
from .test_drain import Broken

SECOND = 10**9


class Opinion:
    """Judges by MAIL FROM: ``later`` is undecided until ``up``; any other word is the provenance."""

    def __init__(self) -> None:
        self.up = False
        self.asked = 0

    def __call__(self, record: SpoolRecord, report: Report) -> Judgement:
        self.asked += 1
        if record.way == "https":
            return Judgement("posted")
        word: Any = record.mail_from or "verified"
        if word.startswith("later"):
            if not self.up:
                return Judgement("unsigned", UNDECIDED, "dns_failure")
            word = word.removeprefix("later_")
        return Judgement(word, None if word == "verified" else word, "valid" if word == "verified" else "body_changed", "s.example")


class Scene:
    """A drain that notes what is undecided, and what judges it again."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.now = ARRIVED + SECOND
        self.judge = Opinion()
        self.book = UndecidedBook(bench.folder / FILE_NAME)
        self.drain = Drain(
            reader=bench.reader,
            store=bench.store,
            dead_letters=bench.dead_letters,
            enricher=ENRICHER,
            judge=self.judge,
            clock=lambda: self.now,
            undecided=self.book,
        )
        folder = bench.folder / "spool"
        self.rejudge = Rejudge(self.drain.reports, bench.store, self.book, lambda since: replay(folder, since=since), lambda: self.now)

    def mailed(self, body: bytes, says: str) -> None:
        self.bench.spool.append(
            SpoolRecord(way="smtp", content="mail", arrived_at=ARRIVED, body=mail(body), mail_from=says, peer_address="192.0.2.1")
        )

    def drained(self) -> None:
        self.bench.drain_all(self.drain)

    def standing(self) -> list[tuple[str, bool, str | None]]:
        """(provenance, counted, left_out) of each report, sorted."""
        found = [document.fields for document in self.bench.all("reports")]
        return sorted((fields["provenance"], fields["counted"], fields.get("left_out")) for fields in found)

    def counted_rows(self, dataset: str = "tlsrpt") -> int:
        return sum(row.fields["counted"] for row in self.bench.all(dataset))


@pytest.fixture
def scene(bench: Bench) -> Scene:
    return Scene(bench)


def test_an_undecided_report_is_kept_out_until_it_is_decided(scene: Scene) -> None:
    scene.mailed(tls_report("a"), "later_verified")
    scene.mailed(dmarc_report(rows=3), "later_failed")
    scene.drained()
    assert scene.standing() == [("unsigned", False, "undecided")] * 2
    assert (scene.counted_rows(), len(scene.book)) == (0, 2)
    assert scene.rejudge.step().decided == 0
    assert len(scene.book) == 2
    scene.judge.up = True
    assert scene.rejudge.step().decided == 0, "its time has not come"
    scene.now += FIRST_WAIT
    done = scene.rejudge.step()
    assert (done.decided, done.waiting, len(scene.book)) == (2, 0, 0)
    assert scene.standing() == [("failed", False, "failed"), ("verified", True, None)]
    assert scene.counted_rows("tlsrpt") == 1
    assert scene.counted_rows("tlsrpt_failures") == 1
    assert {row.fields["left_out"] for row in scene.bench.all("dmarc")} == {"failed"}
    assert set(done.spans.times) == {"reports", "tlsrpt", "tlsrpt_failures", "dmarc"}
    (verified,) = (report.fields for report in scene.bench.all("reports") if report.fields["counted"])
    assert (verified["signature.result"], verified["signature.domain"]) == ("valid", "s.example")


def test_the_list_is_there_after_a_restart(scene: Scene) -> None:
    scene.mailed(tls_report("a"), "later_verified")
    scene.drained()
    again = Scene(scene.bench)
    again.judge.up = True
    assert again.rejudge.step().decided == 1
    assert again.standing() == [("verified", True, None)]
    assert len(UndecidedBook(scene.book.path)) == 0


def test_deciding_twice_changes_nothing(scene: Scene) -> None:
    scene.mailed(tls_report("a"), "later_verified")
    scene.drained()
    scene.judge.up = True
    scene.rejudge.step()
    before = scene.bench.all("reports")
    (record,) = replay(scene.bench.folder / "spool")
    scene.book.add([(record.id, record.record.arrived_at)])
    assert scene.rejudge.step().decided == 1
    assert scene.bench.all("reports") == before


def test_a_dns_that_is_down_still_ends_the_pass_early(scene: Scene) -> None:
    for number in range(FAILURES + 15):
        scene.mailed(tls_report(f"r{number}"), "later_verified")
    scene.drained()
    scene.judge.asked = 0
    scene.rejudge.step()
    assert scene.judge.asked == FAILURES
    scene.judge.up = True
    assert scene.rejudge.step().decided == 15
    scene.now += FIRST_WAIT
    assert scene.rejudge.step().decided == FAILURES


def test_a_record_that_is_gone_is_given_up_after_a_week(scene: Scene) -> None:
    scene.book.add([("gone.1", ARRIVED)])
    for _ in range(3):
        scene.rejudge.step()
        scene.now += LONGEST_WAIT
    assert len(scene.book) == 1
    scene.now = ARRIVED + GIVE_UP
    scene.rejudge.step()
    assert len(scene.book) == 0


def test_a_store_that_fails_leaves_the_record_on_the_list(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.mailed(tls_report("a"), "later_verified")
    scene.drained()
    scene.judge.up = True

    def down(*_: object) -> None:
        raise StoreUnavailable("down")

    with monkeypatch.context() as patched, pytest.raises(StoreUnavailable):
        patched.setattr(type(scene.bench.store), "put", down)
        scene.rejudge.step()
    assert scene.standing() == [("unsigned", False, "undecided")]
    scene.now += FIRST_WAIT
    assert scene.rejudge.step(nullcontext()).decided == 1
    assert scene.standing() == [("verified", True, None)]


@pytest.mark.parametrize("forged", ["failed", "unsigned", "later_failed"])
@pytest.mark.parametrize("together", [True, False])
def test_a_forged_report_that_comes_first_keeps_no_true_one_out(scene: Scene, forged: str, together: bool) -> None:
    scene.mailed(tls_report("a", successful=900, failures=7), forged)
    if not together:
        scene.drained()
    scene.mailed(tls_report("a", successful=5), "verified")
    scene.drained()
    rows = {row.fields["tlsrpt.successful_sessions"]: row.fields for row in scene.bench.all("tlsrpt")}
    assert (rows[5]["counted"], rows[900]["counted"]) == (True, False)
    true, other = sorted(scene.bench.all("reports"), key=lambda document: not document.fields["counted"])
    assert (true.fields["provenance"], true.id) == ("verified", rows[5]["report.uid"])
    assert other.id == rows[900]["report.uid"] == other.fields["report.uid"]
    assert other.fields["conflict"]
    assert scene.bench.outcomes() == {"stored": 2, "duplicate": 0, "conflict": 0, "dead_letter": 0}
    scene.judge.up = True
    scene.rejudge.step()
    assert scene.counted_rows() == 1
    assert len(scene.bench.all("reports")) == 2


def test_a_forged_report_that_comes_later_is_a_conflict_and_says_why_it_does_not_count(scene: Scene) -> None:
    scene.mailed(tls_report("a"), "verified")
    scene.mailed(tls_report("a", successful=900), "failed")
    scene.drained()
    assert scene.standing() == [("failed", False, "failed"), ("verified", True, None)]
    assert scene.counted_rows() == 1


def test_the_same_bytes_count_once_they_come_from_who_they_claim(scene: Scene) -> None:
    scene.mailed(tls_report("a"), "failed")
    scene.mailed(tls_report("a"), "verified")
    scene.mailed(tls_report("a"), "unsigned")
    scene.drained()
    assert scene.standing() == [("verified", True, None)]
    assert scene.counted_rows() == 1
    assert scene.bench.outcomes() == {"stored": 1, "duplicate": 2, "conflict": 0, "dead_letter": 0}


def test_a_posted_report_that_comes_first_keeps_no_verified_one_out(scene: Scene) -> None:
    scene.bench.put(tls_report("a", successful=900))
    scene.drained()
    scene.mailed(tls_report("a", successful=5), "verified")
    scene.mailed(tls_report("b"), "verified")
    scene.bench.put(tls_report("b", successful=901))
    scene.drained()
    counted = sorted(row.fields["tlsrpt.successful_sessions"] for row in scene.bench.all("tlsrpt") if row.fields["counted"])
    assert counted == [5, 5]
    assert scene.standing() == [("posted", False, "conflict")] * 2 + [("verified", True, None)] * 2


@pytest.mark.parametrize("answers", range(12))
def test_a_store_that_fails_in_between_changes_nothing_in_the_end(scene: Scene, answers: int) -> None:
    scene.mailed(tls_report("a", successful=900, failures=7), "failed")
    scene.drained()
    scene.mailed(tls_report("a", successful=5), "verified")
    broken = Broken(scene.bench, answers)
    drain = Drain(
        reader=scene.bench.reader,
        store=broken,  # type: ignore[arg-type]
        dead_letters=scene.bench.dead_letters,
        enricher=ENRICHER,
        judge=scene.judge,
        clock=lambda: scene.now,
    )
    with suppress(StoreUnavailable):
        scene.bench.drain_all(drain)
    scene.drained()
    assert scene.standing() == [("failed", False, "failed"), ("verified", True, None)]
    uids = {
        row.fields["tlsrpt.successful_sessions"]: (row.fields["report.uid"], row.fields["counted"]) for row in scene.bench.all("tlsrpt")
    }
    reports = {report.fields["counted"]: report.id for report in scene.bench.all("reports")}
    assert uids == {900: (reports[False], False), 5: (reports[True], True)}


def test_an_undecided_report_beside_a_forged_one_takes_its_place(scene: Scene) -> None:
    scene.mailed(tls_report("a", successful=900), "failed")
    scene.mailed(tls_report("a", successful=5), "later_verified")
    scene.drained()
    assert scene.counted_rows() == 0
    scene.judge.up = True
    scene.rejudge.step()
    counted = [row.fields["tlsrpt.successful_sessions"] for row in scene.bench.all("tlsrpt") if row.fields["counted"]]
    assert counted == [5]
    assert [fields for fields in scene.standing() if fields[1]] == [("verified", True, None)]


def test_an_undecided_report_beside_a_true_one_stays_a_conflict(scene: Scene) -> None:
    scene.mailed(tls_report("a", successful=5), "verified")
    scene.mailed(tls_report("a", successful=6), "later_verified")
    scene.drained()
    scene.judge.up = True
    scene.rejudge.step()
    assert scene.standing() == [("verified", False, "conflict"), ("verified", True, None)]
    assert scene.counted_rows() == 1


def test_waits_grow_and_the_longest_due_comes_first(tmp_path: Path) -> None:
    book = UndecidedBook(tmp_path / FILE_NAME)
    book.add([("a", ARRIVED), ("b", ARRIVED + 1)])
    waits = []
    now = ARRIVED
    for _ in range(12):
        (entry,) = book.due(now, 1)
        book.settle(["b"], [entry], now)
        (later,) = book.due(now + 10 * LONGEST_WAIT, 5)
        waits.append(later.due - now)
        now = later.due
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_WAIT, LONGEST_WAIT)


def test_a_damaged_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    UndecidedBook(path).add([("a", 1), ("b", 2)])
    path.write_bytes(b'{"id": 3}\n\xff\n' + path.read_bytes()[:-3])
    assert UndecidedBook(path).due(5, 9) == [Waiting(id="a", arrived_at=1)]


def test_a_list_that_cannot_be_written_stops_the_drain_and_stays_as_it_was(tmp_path: Path) -> None:
    book = UndecidedBook(tmp_path / "missing" / FILE_NAME, REAL_FILESYSTEM)
    with pytest.raises(StoreUnavailable):
        book.add([("a", 1)])
    assert len(book) == 0
