import threading
from collections.abc import Sequence

import pytest

from ingest.drain.batch import Spans
from ingest.drain.drain import Drain
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import Document, Fate

from .conftest import Bench, dmarc_report, lines, mail, session, tls_report


class Broken:
    """The real store, until a given number of calls is used up: then it does not answer."""

    def __init__(self, bench: Bench, answers: int) -> None:
        self._store = bench.store
        self.answers = answers
        self.name = "broken"

    def _use(self) -> None:
        if self.answers <= 0:
            raise StoreUnavailable("gone")
        self.answers -= 1

    def create(self, documents: Sequence[Document]) -> list[Fate]:
        self._use()
        return self._store.create(documents)

    def put(self, documents: Sequence[Document]) -> None:
        self._use()
        self._store.put(documents)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_a_posted_tls_report_becomes_rows_and_a_report(bench: Bench) -> None:
    record_id = bench.put(tls_report())
    bench.drain_all()
    (report,) = bench.all("reports")
    (policy,) = bench.all("tlsrpt")
    (failure,) = bench.all("tlsrpt_failures")
    assert report.fields["organization.name"] == "Sample Org"
    assert (report.fields["provenance"], report.fields["counted"]) == ("posted", True)
    assert (report.fields["report.messages"], report.fields["report.failures"]) == (7, 2)
    assert report.fields["spool.id"] == record_id
    assert policy.fields["tlsrpt.sts_mode"] == "enforce"
    assert policy.fields["report.uid"] == failure.fields["report.uid"] == report.id
    assert failure.fields["far_end.geo.country_iso_code"] == "TN"
    assert failure.fields["tlsrpt.failed_session_count"] == 2
    assert bench.outcomes() == {"stored": 1, "duplicate": 0, "conflict": 0, "dead_letter": 0}


def test_every_item_of_a_mail_has_its_own_outcome(bench: Bench) -> None:
    bench.put(mail(tls_report("a"), b"<feedback><broken", dmarc_report(), tls_report("a")), way="smtp", content="mail")
    bench.drain_all()
    assert bench.outcomes() == {"stored": 2, "duplicate": 1, "conflict": 0, "dead_letter": 1}
    (arrival,) = bench.all("arrivals")
    assert arrival.fields["outcome"] == "dead_letter"
    (letter,) = bench.dead_letters.letters()
    assert letter.reason in arrival.fields["reasons"]
    assert {document.fields["left_out"] for document in bench.all("reports")} == {"unsigned"}


def test_the_same_report_three_times_counts_once(bench: Bench) -> None:
    bench.put(tls_report())
    bench.put(mail(tls_report()), way="smtp", content="mail")
    bench.put(tls_report(), way="file")
    bench.drain_all()
    assert len(bench.all("tlsrpt")) == 1
    assert bench.outcomes() == {"stored": 1, "duplicate": 2, "conflict": 0, "dead_letter": 0}


def test_other_content_under_a_known_identity_is_a_conflict_and_does_not_count(bench: Bench) -> None:
    bench.put(dmarc_report(rows=2))
    bench.put(dmarc_report(rows=5, count=9))
    bench.put(dmarc_report(rows=5, count=9))
    bench.drain_all()
    assert bench.outcomes() == {"stored": 1, "duplicate": 1, "conflict": 1, "dead_letter": 0}
    counted = [row for row in bench.all("dmarc") if row.fields["counted"]]
    kept = [row for row in bench.all("dmarc") if not row.fields["counted"]]
    assert (len(counted), len(kept)) == (2, 5)
    assert {row.fields["left_out"] for row in kept} == {"conflict"}
    conflict = next(document for document in bench.all("reports") if document.fields["conflict"])
    assert {row.fields["report.uid"] for row in kept} == {conflict.id}


def test_sessions_are_stored_once_and_bad_lines_are_kept(bench: Bench) -> None:
    bench.put(lines(session(1), session(2), session(2)) + b'{"smtp":1}\nnot json\n', way="sensor", content="sessions")
    bench.put(lines(session(2), session(3)), way="sensor", content="sessions")
    bench.drain_all()
    assert len(bench.all("sessions")) == 3
    assert bench.outcomes() == {"stored": 3, "duplicate": 2, "conflict": 0, "dead_letter": 2}
    assert {letter.reason for letter in bench.dead_letters.letters()} == {"bad_session"}


@pytest.mark.parametrize("answers", range(9))
def test_a_store_that_fails_at_any_call_changes_no_outcome(bench: Bench, answers: int) -> None:
    bench.put(lines(*(session(port) for port in range(25))), way="sensor", content="sessions")
    bench.put(mail(tls_report("a"), tls_report("b")), way="smtp", content="mail")
    bench.put(dmarc_report(rows=25))
    bench.put(dmarc_report(rows=3))
    broken = Broken(bench, answers)
    with pytest.raises(StoreUnavailable):
        bench.drain_all(bench.drain(broken, documents=10))  # type: ignore[arg-type]
    bench.drain_all(bench.drain(documents=10))
    assert bench.outcomes() == {"stored": 28, "duplicate": 0, "conflict": 1, "dead_letter": 0}
    assert len(bench.all("dmarc")) == 28
    assert bench.reader.read() == []


def test_replaying_retired_records_changes_nothing(bench: Bench) -> None:
    bench.put(tls_report())
    bench.put(lines(session(1)), way="sensor", content="sessions")
    bench.drain_all()
    before = {name: sorted(bench.all(name), key=lambda d: d.id) for name in ("reports", "tlsrpt", "sessions", "arrivals")}
    bench.spool.close()
    bench.reader.read()
    bench.reader.tidy()
    count, _ = bench.drain().replay(bench.reader.replay())
    assert count == 2
    assert {name: sorted(bench.all(name), key=lambda d: d.id) for name in before} == before


def test_the_running_drain_waits_for_a_store_and_goes_on(bench: Bench) -> None:
    broken = Broken(bench, 0)
    drain: Drain = bench.drain(broken, backoff_first=0.01, backoff_most=0.02)  # type: ignore[arg-type]
    stop, drained, spans = threading.Event(), threading.Event(), []

    def note(span: Spans) -> None:
        spans.append(span)
        drained.set()

    thread = threading.Thread(target=drain.run, args=(stop, note))
    thread.start()
    try:
        bench.put(tls_report())
        while drain.counters.store_failures < 3:
            assert not drained.wait(0.01)
        assert drain.counters.last_failure == "store_unavailable: gone"
        broken.answers = 10_000
        assert drained.wait(10)
    finally:
        stop.set()
        thread.join()
    assert "tlsrpt" in spans[0].times
    assert drain.counters.last_failure is None


def test_an_mbox_in_one_record_cannot_flood_the_dead_letters(bench: Bench) -> None:
    """Import takes an mbox apart before the spool: in one record thousands of messages are an attack."""
    bench.put(b"From a@b.example\nX: y\n\nhello\n\n" * 2_000, way="smtp", content="mail")
    bench.drain_all()
    assert bench.outcomes()["dead_letter"] == 101
    assert "too_many_messages" in {letter.reason for letter in bench.dead_letters.letters()}
