"""What the judge is told."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from ingest.documents.reports import Provenance
from ingest.drain.judgement import COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    counted: Set[Provenance] = COUNTED
    """Provenances that count in the figures."""
    domains: tuple[str, ...] = ()
    """Our domains, their subdomains included; none: every report is about us."""
    lookups: int = 40
    """Names that one mail may make us look up."""
    seconds: float = 10.0
    """How long all of them may take together."""
