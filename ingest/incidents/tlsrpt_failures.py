"""Rule ``tlsrpt_failures``: senders report that TLS to us fails, above their own baseline.

Failures are those of RFC 8460 §4.3, gathered by kind. Judged are the sending network and country (by ``sending-mta-ip``) and
the reporting organisation.
"""

from __future__ import annotations

from ingest.incidents.change import Demand
from ingest.incidents.finding import Finding, Kind, Values
from ingest.incidents.reported import COUNTED, SCOPES, Failures, Rise, rises
from ingest.incidents.scene import Scene
from ingest.incidents.sentence import minute, share_text
from ingest.incidents.settings import Settings
from ingest.incidents.severity import graded

RULE = "tlsrpt_failures"
KINDS: dict[str, Kind] = {
    "starttls-not-supported": "starttls",
    "certificate-host-mismatch": "certificate",
    "certificate-expired": "certificate",
    "certificate-not-trusted": "certificate",
    "sts-policy-fetch-error": "sts",
    "sts-policy-invalid": "sts",
    "sts-webpki-invalid": "sts",
    "tlsa-invalid": "dane",
    "dnssec-invalid": "dane",
    "dane-required": "dane",
    "validation-failure": "validation",
}
SAYS: dict[Kind, str] = {
    "starttls": "found no STARTTLS",
    "certificate": "refused the certificate",
    "sts": "failed at the MTA-STS policy",
    "dane": "failed at DANE",
    "validation": "failed to set up TLS",
}
SERVER = ("tlsrpt.receiving_ip", "tlsrpt.receiving_mx_hostname")
RESULT = "tlsrpt.result_type"


def judge(scene: Scene) -> list[Finding]:
    """Findings by sending network, country and reporting organisation, and by kind of failure."""
    return [_finding(rise) for rise in rises(scene, _failures(scene.settings))]


def _failures(settings: Settings) -> Failures:
    return Failures(
        dataset="tlsrpt_failures",
        where=(),
        count="tlsrpt.failed_session_count",
        kinds=dict(KINDS),
        kind=RESULT,
        server=SERVER,
        whole="tlsrpt",
        parts=("tlsrpt.failed_sessions", "tlsrpt.successful_sessions"),
        scopes=("network", "country", "sender"),
        demand=Demand(0.0, settings.tlsrpt_jump, settings.tlsrpt_failures, 1, settings.significance),
        prior=settings.tlsrpt_prior,
    )


def _finding(rise: Rise) -> Finding:
    sender, found = rise.sender, rise.found
    kind = next(kind for kind in SAYS if kind == sender.kind)
    where: dict[str, Values] = {
        SCOPES[sender.scope]: (sender.name,),
        RESULT: tuple(result for result, its in KINDS.items() if its == kind),
        COUNTED.field: COUNTED.values,
    }
    share = share_text(found.hits, found.total, "reported session")
    return Finding(
        rule=RULE,
        scope=sender.scope,
        subject=sender.name,
        kind=kind,
        dataset="tlsrpt_failures",
        where=where,
        affected=found.hits,
        total=found.total,
        first_seen=rise.first_seen,
        last_seen=rise.last_seen,
        severity=graded(found.hits, found.total, "high"),
        text=f"{sender.who} {SAYS[kind]} in {share} since {minute(rise.begin)}; {rise.usual}.",
        source="tlsrpt",
        tenant=sender.tenant,
        direction="inbound",
        country=sender.far.country,
        far=sender.far,
        reported_as=(kind,),
    )
