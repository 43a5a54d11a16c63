"""How far a report is trusted, and whether it counts: decided after the spool, from the record's header and its bytes."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Protocol

from ingest.documents.reports import Provenance
from ingest.reports.model import Report
from ingest.spool.record import SpoolRecord

COUNTED: frozenset[Provenance] = frozenset({"verified", "posted", "imported"})
"""What counts in the figures unless configured: a forged report never does (RFC 8460 §3)."""


UNDECIDED = "undecided"
"""Left out because the DNS did not answer; decided later (``ingest.drain.rejudge``)."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``left_out`` is None when the report counts, else the word that says why it does not; ``undecided``: ask again."""

    provenance: Provenance
    left_out: str | None = None
    finding: str | None = None
    """What the mail's signatures showed: valid, spf_pass, no_signature, body_changed …"""
    signer: str | None = None
    """Domain that vouches, or claims to."""


class Judge(Protocol):
    """Decides on one report of one record. May look names up, with a deadline; never raises for what a sender wrote."""

    def __call__(self, record: SpoolRecord, report: Report) -> Judgement: ...


@dataclass(frozen=True, slots=True)
class WayJudge:
    """Judges by the way in alone: what was posted is ``posted``, what was imported is the operator's own act, and a
    mail whose signature nobody checked is ``unsigned``."""

    counted: Set[Provenance] = COUNTED

    def __call__(self, record: SpoolRecord, report: Report) -> Judgement:
        provenance: Provenance = _BY_WAY.get(record.way, "unsigned")
        return Judgement(provenance, None if provenance in self.counted else provenance)


_BY_WAY: dict[str, Provenance] = {"https": "posted", "file": "imported"}
