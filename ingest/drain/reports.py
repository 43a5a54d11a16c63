"""Records of mails and report files: every report found in them, each with its fate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ingest.dead_letters.letter import Letter
from ingest.documents.arrivals import Outcome, Tally, address_or_none
from ingest.documents.reports import Standing, identity, report_document, row_documents
from ingest.drain.batch import Batch, Origin
from ingest.drain.judgement import Judge
from ingest.enrich.enricher import Enricher
from ingest.identity import conflict_uid
from ingest.reports.limits import Limits as ReportLimits
from ingest.reports.model import Report
from ingest.reports.reader import FoundReport, Unusable, read_reports
from ingest.store.errors import StoreUnavailable
from ingest.store.protocol import Document, Store


class Rejected(Exception):
    """The store takes a document never: the report goes to the dead letters with this reason."""


class ReportIntake:
    """Turns one record into reports, and each report into its rows and its own document, written last."""

    def __init__(
        self,
        store: Store,
        enricher: Enricher,
        judge: Judge,
        limits: ReportLimits,
        tenant_of: Callable[[str | None], str | None],
        documents: int,
    ) -> None:
        self._store = store
        self._enricher = enricher
        self._judge = judge
        self._limits = limits
        self._tenant_of = tenant_of
        self._documents = documents

    def take(self, origin: Origin, batch: Batch, tally: Tally) -> None:
        """Each report found is one item, and so is each part that looks like one and cannot be used."""
        record = origin.stored.record
        seen: set[str] = set()
        for number, item in enumerate(read_reports(record.body, limits=self._limits)):
            if isinstance(item, Unusable):
                batch.bury(_letter(origin, number, item), tally)
                continue
            try:
                tally.add(self._stored(item, origin, batch, seen))
            except Rejected as error:
                batch.bury(origin.letter(number, "store_rejected", str(error), record.body, item.where), tally)

    def _stored(self, found: FoundReport, origin: Origin, batch: Batch, seen: set[str]) -> Outcome:
        """Write rows and report; raises Rejected when the store refuses one of them for good."""
        report, content = found.report, found.sha256
        uid = identity(report, origin.arrived)
        judgement = self._judge(origin.stored.record, report)
        standing = Standing(uid=uid, content_hash=content, provenance=judgement.provenance, left_out=judgement.left_out)
        repeated = uid + content in seen
        seen.add(uid + content)
        if self._written(report, standing, origin, batch):
            return "stored"
        there = self._store.get("reports", uid)
        if there is None:
            raise StoreUnavailable(f"report {uid} is said to be there and is not found")
        if there.fields.get("event.hash") == content:
            own = there.fields.get("spool.id") == origin.stored.id and not repeated
            return "stored" if own else "duplicate"
        return self._conflict(report, standing, origin, batch, repeated)

    def _conflict(self, report: Report, standing: Standing, origin: Origin, batch: Batch, repeated: bool) -> Outcome:
        """Other content under a known identity: kept under an identity of its own, its rows rewritten as not counted."""
        uid = conflict_uid(standing.uid, standing.content_hash)
        there = self._store.get("reports", uid)
        if there is not None and (repeated or there.fields.get("spool.id") != origin.stored.id):
            return "duplicate"
        kept = Standing(uid=uid, content_hash=standing.content_hash, provenance=standing.provenance, left_out="conflict", conflict=True)
        rows = self._rows(report, standing, origin, reported_as=kept)
        while chunk := list(islice(rows, self._documents)):
            self._store.put(chunk)
        self._create(batch, [self._own_document(report, kept, origin)])
        return "conflict"

    def _written(self, report: Report, standing: Standing, origin: Origin, batch: Batch) -> bool:
        """Rows, then the report's document; False when a report of that identity was there before."""
        rows = self._rows(report, standing, origin, reported_as=standing)
        while chunk := list(islice(rows, self._documents)):
            self._create(batch, chunk)
        return self._create(batch, [self._own_document(report, standing, origin)])

    def _rows(self, report: Report, standing: Standing, origin: Origin, reported_as: Standing) -> Iterator[Document]:
        """The rows with ``standing``'s ids, speaking of the report as ``reported_as``."""
        fields = origin.fields(self._tenant_of(report.policy_domain))
        documents = row_documents(report, standing, origin.arrived, fields, self._enricher)
        if reported_as is standing:
            return documents
        told = {"report.uid": reported_as.uid, "counted": reported_as.left_out is None, "left_out": reported_as.left_out}
        return (Document(dataset=row.dataset, id=row.id, fields={**row.fields, **told}) for row in documents)

    def _own_document(self, report: Report, standing: Standing, origin: Origin) -> Document:
        record = origin.stored.record
        fields = origin.fields(self._tenant_of(report.policy_domain))
        return report_document(report, standing, origin.arrived, record.way, address_or_none(record.peer_address), fields)

    def _create(self, batch: Batch, documents: Sequence[Document]) -> bool:
        """True when the last of them is new. Raises Rejected with the store's reason."""
        fates = batch.create(documents)
        for fate in fates:
            if fate.outcome == "rejected":
                raise Rejected(fate.reason)
        return fates[-1].outcome == "created"


def _letter(origin: Origin, number: int, item: Unusable) -> Letter:
    raw = origin.stored.record.body if item.raw is None else item.raw
    return origin.letter(number, item.error.reason, str(item.error), raw, item.where or None)
