"""Records of mails and report files: every report found in them, each with its fate.

Rows of many reports are written together, then the reports' own documents: a report's document is never in the store
before its rows. What was there before is told apart by one get by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from ingest.conflicts.choices import ChoiceBook
from ingest.conflicts.settling import settle
from ingest.dead_letters.letter import Letter
from ingest.documents.arrivals import Outcome, Tally, address_or_none
from ingest.documents.reports import Standing, by_domain, identity, report_document, row_documents
from ingest.drain.batch import Batch, Origin
from ingest.drain.judgement import UNDECIDED, Judge, Judgement
from ingest.drain.precedence import gives_way, move_aside
from ingest.enrich.enricher import Enricher
from ingest.identity import conflict_uid
from ingest.reports.limits import Limits as ReportLimits
from ingest.reports.model import Report
from ingest.reports.privacy import PRIVATE, Privacy
from ingest.reports.reader import FoundReport, Item, Unusable, read_reports
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import Document, Fate

_MBOX_MESSAGES = 100
"""Messages of an mbox in one record: import takes mboxes apart before the spool, so more than a few are an attack."""


@dataclass(slots=True, eq=False)
class PendingReport:
    """A report on its way into the store. ``refused`` is the store's reason when it takes a row of it never."""

    found: FoundReport
    origin: Origin
    tally: Tally
    number: int
    standing: Standing
    repeated: bool
    """The same report stood in the same record before."""
    document: Document
    refused: str | None = None


class ReportIntake:
    """Turns one record into reports, and each report into its rows and its own document."""

    def __init__(
        self,
        enricher: Enricher,
        judge: Judge,
        limits: ReportLimits,
        tenant_of: Callable[[str | None], str | None],
        choices: ChoiceBook | None = None,
        privacy: Privacy = PRIVATE,
    ) -> None:
        """``choices``: which of conflicting reports somebody chose; ``privacy``: what of failure reports is kept."""
        self._privacy = privacy
        self._choices = choices
        self._enricher = enricher
        self._judge = judge
        self._limits = replace(limits, mbox_messages=min(limits.mbox_messages, _MBOX_MESSAGES))
        self._tenant_of = tenant_of

    def take(self, origin: Origin, batch: ReportBatch, tally: Tally) -> None:
        """Each report found is one item, and so is each part that looks like one and cannot be used."""
        record = origin.stored.record
        seen: set[tuple[str, str]] = set()
        for number, item in enumerate(self._items(record.body)):
            if isinstance(item, Unusable):
                batch.bury(_letter(origin, number, item), tally)
                continue
            uid = identity(item.report, origin.arrived)
            judgement = self._judge(record, item.report)
            if judgement.left_out == UNDECIDED:
                batch.note_undecided(origin)
            standing = standing_of(uid, item.sha256, judgement)
            document = self.own_document(item.report, standing, origin)
            tally.tenants.add(self._tenant_of(item.report.policy_domain))
            pending = PendingReport(item, origin, tally, number, standing, (uid, item.sha256) in seen, document)
            seen.add((uid, item.sha256))
            batch.add_report(pending, self.rows(item.report, standing, origin, told_of=standing))

    def judged(self, origin: Origin) -> list[tuple[FoundReport, Judgement]]:
        """The record's reports and what they are held for now. Slow where names must be looked up; writes nothing."""
        record = origin.stored.record
        return [(item, self._judge(record, item.report)) for item in self._items(record.body) if isinstance(item, FoundReport)]

    def _items(self, body: bytes) -> Iterator[Item]:
        """What is in the record, each report about one domain."""
        for item in read_reports(body, limits=self._limits, privacy=self._privacy):
            if isinstance(item, FoundReport):
                yield from (replace(item, report=part) for part in by_domain(item.report))
            else:
                yield item

    def rewrite(self, report: Report, standing: Standing, told_of: Standing, origin: Origin, batch: Batch) -> None:
        """Rows (with ``standing``'s ids) and document in place of what stands under their ids; the document last."""
        batch.put(self.rows(report, standing, origin, told_of))
        batch.put([self.own_document(report, told_of, origin)])

    def keep_choice(self, uid: str, batch: Batch) -> None:
        """After a report of this identity was written: what somebody chose still holds."""
        choice = self._choices.get(uid) if self._choices is not None else None
        if choice is not None:
            batch.store.refresh()
            settle(batch.store, choice, batch.put)

    def rows(self, report: Report, standing: Standing, origin: Origin, told_of: Standing) -> Iterator[Document]:
        """The rows with ``standing``'s ids, speaking of the report as ``told_of``."""
        fields = origin.fields(self._tenant_of(report.policy_domain))
        documents = row_documents(report, standing, origin.arrived, fields, self._enricher)
        if told_of is standing:
            return documents
        told = {"report.uid": told_of.uid, "counted": told_of.left_out is None, "left_out": told_of.left_out}
        return (Document(dataset=row.dataset, id=row.id, fields={**row.fields, **told}) for row in documents)

    def own_document(self, report: Report, standing: Standing, origin: Origin) -> Document:
        """The report's own document."""
        record = origin.stored.record
        fields = origin.fields(self._tenant_of(report.policy_domain))
        return report_document(report, standing, origin.arrived, record.way, address_or_none(record.peer_address), fields)


class ReportBatch:
    """Gathers the rows and documents of many reports; ``settle`` gives each report its fate."""

    def __init__(self, batch: Batch, intake: ReportIntake) -> None:
        self._batch = batch
        self._intake = intake
        self._rows: list[tuple[Document, PendingReport]] = []
        self._reports: list[PendingReport] = []

    def bury(self, letter: Letter, tally: Tally) -> None:
        """An item that cannot be used."""
        self._batch.bury(letter, tally)

    def note_undecided(self, origin: Origin) -> None:
        """The origin's record is to be judged again."""
        self._batch.undecided[origin.stored.id] = origin.stored.record.arrived_at

    def add_report(self, pending: PendingReport, rows: Iterator[Document]) -> None:
        """A report and its rows; rows are written as soon as there are enough of them."""
        for row in rows:
            self._rows.append((row, pending))
            if len(self._rows) >= self._batch.size:
                self._write_rows()
        self._reports.append(pending)

    def settle(self) -> None:
        """Write what is left of the rows, then the reports' documents, and account for each report."""
        self._write_rows()
        usable = [pending for pending in self._reports if self._accepted(pending)]
        self._reports.clear()
        for start in range(0, len(usable), self._batch.size):
            part = usable[start : start + self._batch.size]
            fates = self._batch.create([pending.document for pending in part])
            for pending, fate in zip(part, fates, strict=True):
                self._account(pending, fate)

    def _write_rows(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        for (_, pending), fate in zip(rows, self._batch.create([row for row, _ in rows]), strict=True):
            if fate.outcome == "rejected":
                pending.refused = fate.reason

    def _accepted(self, pending: PendingReport) -> bool:
        """False, and a dead letter, for a report of which the store refuses a row."""
        if pending.refused is None:
            return True
        body = pending.origin.stored.record.body
        letter = pending.origin.letter(pending.number, "store_rejected", pending.refused, body, pending.found.where or None)
        self._batch.bury(letter, pending.tally)
        return False

    def _account(self, pending: PendingReport, fate: Fate) -> None:
        if fate.outcome == "rejected":
            pending.refused = fate.reason
            self._accepted(pending)
        else:
            pending.tally.add("stored" if fate.outcome == "created" else self._was_there(pending))
            self._intake.keep_choice(pending.standing.uid, self._batch)

    def _was_there(self, pending: PendingReport) -> Outcome:
        """A report of that identity is in the store: this very one from an interrupted drain, the same again, or another."""
        there = self._batch.store.get("reports", pending.standing.uid)
        if there is None:
            raise StoreUnavailable(f"report {pending.standing.uid} is said to be there and is not found")
        same = there.fields.get("event.hash") == pending.found.sha256
        if gives_way(there, pending.standing):
            if not same:
                move_aside(self._batch.store, there, self._batch.size)
            self._intake.rewrite(pending.found.report, pending.standing, pending.standing, pending.origin, self._batch)
            return "duplicate" if same and not self._is_own(there, pending) else "stored"
        if same:
            return "stored" if self._is_own(there, pending) else "duplicate"
        return self._conflict(pending)

    def _conflict(self, pending: PendingReport) -> Outcome:
        """Other content under a known identity: kept under an identity of its own, its rows rewritten as not counted."""
        standing = pending.standing
        uid = conflict_uid(standing.uid, standing.content_hash)
        there = self._batch.store.get("reports", uid)
        if there is not None:
            return "conflict" if self._is_own(there, pending) else "duplicate"
        kept = replace(standing, uid=uid, left_out=standing.left_out or "conflict", conflict=True)
        rows = self._intake.rows(pending.found.report, standing, pending.origin, told_of=kept)
        while chunk := list(islice(rows, self._batch.size)):
            self._batch.store.put(chunk)
        self._batch.create([self._intake.own_document(pending.found.report, kept, pending.origin)])
        return "conflict"

    def _is_own(self, there: Document, pending: PendingReport) -> bool:
        return there.fields.get("spool.id") == pending.origin.stored.id and not pending.repeated


def standing_of(uid: str, content: str, judgement: Judgement) -> Standing:
    """Where a report of that identity and content stands when it is alone."""
    return Standing(
        uid=uid,
        content_hash=content,
        provenance=judgement.provenance,
        left_out=judgement.left_out,
        finding=judgement.finding,
        signer=judgement.signer,
    )


def _letter(origin: Origin, number: int, item: Unusable) -> Letter:
    raw = origin.stored.record.body if item.raw is None else item.raw
    return origin.letter(number, item.error.reason, str(item.error), raw, item.where or None)
