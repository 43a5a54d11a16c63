"""An undecided report written again, with what is known of it by now."""

from __future__ import annotations

from dataclasses import replace

from ingest.documents.reports import Standing, identity
from ingest.drain.batch import Batch, Origin
from ingest.drain.judgement import UNDECIDED, Judgement
from ingest.drain.precedence import gives_way, move_aside
from ingest.drain.reports import ReportIntake, standing_of
from ingest.identity import conflict_uid
from ingest.reports.model import Report
from ingest.reports.reader import FoundReport
from ingest.store.protocol import Store


def decide(reports: ReportIntake, found: FoundReport, judgement: Judgement, origin: Origin, batch: Batch) -> None:
    """Rewrite the report where it is stored as undecided by this record; else it changes nothing. Raises StoreError."""
    uid = identity(found.report, origin.arrived)
    standing = standing_of(uid, found.sha256, judgement)
    aside = replace(standing, uid=conflict_uid(uid, found.sha256), conflict=True)
    if _is_undecided(batch.store, uid, found, origin):
        reports.rewrite(found.report, standing, standing, origin, batch)
    elif _is_undecided(batch.store, aside.uid, found, origin):
        _decide_aside(reports, found.report, standing, aside, origin, batch)
    reports.keep_choice(uid, batch)


def _decide_aside(reports: ReportIntake, report: Report, standing: Standing, aside: Standing, origin: Origin, batch: Batch) -> None:
    """The report was kept beside another of its identity: it takes that one's place if it counts and the other does not."""
    there = batch.store.get("reports", standing.uid)
    if there is not None and gives_way(there, standing):
        move_aside(batch.store, there, batch.size)
        reports.rewrite(report, standing, standing, origin, batch)
        batch.put([reports.own_document(report, replace(aside, left_out="duplicate"), origin)])
    else:
        reports.rewrite(report, standing, replace(aside, left_out=aside.left_out or "conflict"), origin, batch)


def _is_undecided(store: Store, uid: str, found: FoundReport, origin: Origin) -> bool:
    there = store.get("reports", uid)
    if there is None or there.fields.get("left_out") != UNDECIDED:
        return False
    return there.fields.get("event.hash") == found.sha256 and there.fields.get("spool.id") == origin.stored.id
