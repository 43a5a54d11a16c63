"""Do the tap and the TLS reports say the same of the same place and time?

Both agree: a stripped path, seen from both its ends, and graver. Only the wire shows it: no sender there reports.
Only reports show it: what fails lies upstream of the tap. A report agrees where it names the same far-end country or
network, or, for what our own server or a device before it does, the same server; and where it is of a kind that what the
tap saw makes a sender report: a certificate that was refused never agrees with stripping.

A session that was offered STARTTLS and did not ask proves nothing alone. Where its own network reports that it found
no STARTTLS, it does: the client asked in vain for what we sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ingest.incidents.far_ends import COUNTRY, NETWORK, ends
from ingest.incidents.finding import STRIPPING, FarEnds, Finding, Kind
from ingest.incidents.groups import TIMES, is_, is_not, text_or_none
from ingest.incidents.scene import Scene
from ingest.incidents.sentence import counted
from ingest.incidents.severity import raised
from ingest.incidents.starttls_not_requested import COUNTED as OFFERED
from ingest.incidents.starttls_not_requested import NOT_ASKED
from ingest.incidents.tlsrpt_failures import KINDS, RESULT, SERVER
from ingest.store.query import COUNT, Metric
from ingest.store.schema import FROM_LOG

Agreement = Literal["wire_and_reports", "wire_only", "reports_only"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and what the other source says of it."""

    finding: Finding
    agreement: Agreement
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Something seen by one source: what, where, when, how often."""

    kinds: tuple[Kind, ...]
    far: FarEnds
    tenant: str | None
    first: datetime
    last: datetime
    count: int

    def fits(self, finding: Finding, scene: Scene) -> bool:
        slack = scene.settings.slack
        together = self.first <= finding.reach + slack and finding.first_seen <= self.last + slack
        alike = self.tenant == finding.tenant and not frozenset(self.kinds).isdisjoint(finding.reported_as)
        return together and alike and self.far.meets(finding.far)


def judged(scene: Scene, findings: Sequence[Finding]) -> list[Judged]:
    """Every finding with its agreement; the texts and severities of those that agree say so."""
    wire = [finding for finding in findings if finding.source == "wire"]
    reports = [finding for finding in findings if finding.source == "tlsrpt"]
    others = [Judged(finding, "reports_only", (finding.source,)) for finding in findings if finding.source == "dmarc"]
    return [*_wire_judged(scene, wire), *_reports_judged(scene, reports, wire), *others]


def _wire_judged(scene: Scene, wire: Sequence[Finding]) -> list[Judged]:
    reported = _reported(scene, {kind for finding in wire for kind in finding.reported_as})
    return [_wire_one(scene, finding, reported) for finding in wire]


def _wire_one(scene: Scene, finding: Finding, reported: Sequence[_Sighting]) -> Judged:
    if not finding.reported_as:
        return Judged(finding, "wire_only", ("wire",))
    failed = sum(sighting.count for sighting in reported if sighting.fits(finding, scene))
    if failed < scene.settings.agreement_failures:
        return Judged(_saying(finding, "No TLS report speaks of it."), "wire_only", ("wire",))
    sentence = f"TLS reports agree: {counted(failed, 'failed session')} there in the same days."
    return Judged(_grave(_saying(finding, sentence)), "wire_and_reports", ("wire", "tlsrpt"))


def _reports_judged(scene: Scene, reports: Sequence[Finding], wire: Sequence[Finding]) -> list[Judged]:
    asking = [finding for finding in reports if _tells_of_stripping(finding)]
    silent = _not_asking(scene, asking) if asking else []
    seen = _seen_countries(scene) if asking else {}
    return [_reports_one(scene, finding, wire, silent, seen) for finding in reports]


def _reports_one(
    scene: Scene, finding: Finding, wire: Iterable[Finding], silent: Iterable[_Sighting], seen: dict[tuple[str | None, str | None], int]
) -> Judged:
    rules = sorted({other.rule for other in wire if _sighting(other).fits(finding, scene)})
    if rules:
        return _both(finding, f"The tap agrees for the same place and days ({', '.join(rules)}).")
    if not _tells_of_stripping(finding):
        return Judged(finding, "reports_only", ("tlsrpt",))
    networks = replace(finding, far=FarEnds(networks=finding.far.networks))
    quiet = sum(sighting.count for sighting in silent if sighting.fits(networks, scene))
    if quiet:
        return _both(finding, f"The tap agrees: {counted(quiet, 'session')} from there did not ask for the STARTTLS that we offered.")
    return Judged(_saying(finding, _upstream(finding, seen)), "reports_only", ("tlsrpt",))


def _both(finding: Finding, sentence: str) -> Judged:
    return Judged(_grave(_saying(finding, sentence)), "wire_and_reports", ("wire", "tlsrpt"))


def _upstream(finding: Finding, seen: dict[tuple[str | None, str | None], int]) -> str:
    there = sum(seen.get((country, finding.tenant), 0) for country in finding.far.countries)
    if there:
        return f"The tap saw {counted(there, 'session')} from the same country and no sign of it: it happens upstream of the tap."
    if any(count for (_, tenant), count in seen.items() if tenant == finding.tenant):
        return "The tap saw no session from there: it happens upstream of the tap or out of its sight."
    return "No tap watched in this time, so only reports show it."


def _saying(finding: Finding, sentence: str) -> Finding:
    return replace(finding, text=f"{finding.text} {sentence}")


def _grave(finding: Finding) -> Finding:
    return replace(finding, severity=raised(finding.severity))


def _sighting(finding: Finding) -> _Sighting:
    return _Sighting(finding.reported_as, finding.far, finding.tenant, finding.first_seen, finding.reach, finding.affected)


def _tells_of_stripping(finding: Finding) -> bool:
    return any(kind in STRIPPING for kind in finding.reported_as)


def _reported(scene: Scene, kinds: set[Kind]) -> list[_Sighting]:
    """What counted reports say of failures of these kinds, by day and place."""
    if not kinds:
        return []
    rows = scene.groups(
        "tlsrpt_failures",
        (COUNTRY, NETWORK, *SERVER, RESULT),
        (is_("counted", True), is_(RESULT, *(result for result, kind in KINDS.items() if kind in kinds))),
        since=scene.lead_begin - scene.settings.slack,
        interval="day",
        metrics=(
            Metric("failed", "sum", "tlsrpt.failed_session_count"),
            Metric("first", "min", "@timestamp"),
            Metric("last", "max", "report.end"),
        ),
    )
    return [
        _Sighting(
            (KINDS[row[RESULT]],),
            ends([row], SERVER),
            text_or_none(row["tenant"]),
            row["first"],
            row["last"] or row["first"],
            row["failed"],
        )
        for row in rows
    ]


def _not_asking(scene: Scene, findings: Sequence[Finding]) -> list[_Sighting]:
    """Sessions from the findings' networks that were offered STARTTLS and did not ask, by day."""
    networks = {network for finding in findings for network in finding.far.networks}
    if not networks:
        return []
    where = (*OFFERED, NOT_ASKED)
    rows = scene.groups("sessions", (NETWORK,), where, among=(NETWORK, networks), since=scene.lead_begin, interval="day", metrics=TIMES)
    return [
        _Sighting(
            STRIPPING, FarEnds(networks=frozenset({row[NETWORK]})), text_or_none(row["tenant"]), row["first"], row["last"], row["count"]
        )
        for row in rows
    ]


def _seen_countries(scene: Scene) -> dict[tuple[str | None, str | None], int]:
    """Sessions from others to us, by country and tenant; those that a log told of could have shown no sign."""
    where = (is_not("network.direction", "outbound"), is_not("smtp.evidence_words", FROM_LOG))
    rows = scene.groups("sessions", (COUNTRY,), where, since=scene.lead_begin, metrics=(COUNT,))
    return {(row[COUNTRY], row["tenant"]): row["count"] for row in rows}
