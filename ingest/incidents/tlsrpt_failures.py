"""Rule ``tlsrpt_failures``: senders report that TLS to us fails, above their own baseline.

Failures are those of RFC 8460 §4.3, gathered by kind; only counted reports speak. Judged are the sending network and
country (by ``sending-mta-ip``) and the reporting organisation. RFC 8460 gives successes for a policy as a whole, never
for an address, so what a network or country is measured against are all sessions that the organisations naming it
report of the same days: a share that rather understates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ingest.incidents.change import NOTHING, Bucket, Demand, Episode, Share, episodes, pooled
from ingest.incidents.far_ends import COUNTRY, NETWORK, ends
from ingest.incidents.finding import FarEnds, Finding, Kind, Scope, Values
from ingest.incidents.groups import is_, text_or_none
from ingest.incidents.scene import Scene
from ingest.incidents.sentence import minute, percent, share_text
from ingest.incidents.severity import graded
from ingest.store.query import Metric, Row

RULE = "tlsrpt_failures"
ORGANISATION = "organization.name"
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
_COUNTED = is_("counted", True)
SERVER = ("tlsrpt.receiving_ip", "tlsrpt.receiving_mx_hostname")
RESULT = "tlsrpt.result_type"
_SCOPES: tuple[tuple[Scope, str], ...] = (("network", NETWORK), ("country", COUNTRY), ("sender", ORGANISATION))
_FAILED = (
    Metric("failed", "sum", "tlsrpt.failed_session_count"),
    Metric("first", "min", "@timestamp"),
    Metric("last", "max", "@timestamp"),
)
_SESSIONS = (Metric("failed", "sum", "tlsrpt.failed_sessions"), Metric("successful", "sum", "tlsrpt.successful_sessions"))
Totals = dict[tuple[str | None, str | None], dict[datetime, int]]
"""By (organisation, tenant): sessions reported by day; the time before the lead stands under the memory's begin."""


@dataclass(slots=True)
class _Sender:
    """One network, country or organisation, and one kind of failure."""

    scope: Scope
    name: str
    kind: Kind
    tenant: str | None
    failed: dict[datetime, int] = field(default_factory=lambda: defaultdict(int))
    times: dict[datetime, tuple[datetime, datetime]] = field(default_factory=dict)
    organisations: set[str | None] = field(default_factory=set)
    far: FarEnds = field(default_factory=FarEnds)

    def add(self, row: Row, time: datetime) -> None:
        self.failed[time] += row["failed"]
        first, last = self.times.get(time, (row["first"], row["last"]))
        self.times[time] = min(first, row["first"]), max(last, row["last"])
        self.organisations.add(row[ORGANISATION])
        self.far = self.far.plus(ends([row], SERVER))

    @property
    def wide_enough(self) -> bool:
        """A country of one network would say the same twice."""
        return self.scope != "country" or len(self.far.networks) >= 2


def judge(scene: Scene) -> list[Finding]:
    """Findings by sending network, country and reporting organisation, and by kind of failure."""
    senders = _senders(scene)
    if not senders:
        return []
    totals = _totals(scene)
    findings = (_judge_sender(scene, sender, totals) for sender in senders if sender.wide_enough)
    return [finding for finding in findings if finding is not None]


def _senders(scene: Scene) -> list[_Sender]:
    by = (ORGANISATION, NETWORK, COUNTRY, *SERVER, RESULT)
    found: dict[tuple[str, ...], _Sender] = {}
    known = (_COUNTED, is_(RESULT, *KINDS))
    recent = scene.groups("tlsrpt_failures", by, known, since=scene.lead_begin, interval="day", metrics=_FAILED)
    for row in recent:
        for sender in _named(row, found):
            sender.add(row, row["@timestamp"])
    past = scene.groups("tlsrpt_failures", by, known, since=scene.memory_begin, until=scene.lead_begin, metrics=_FAILED) if found else []
    for row in past:
        for sender in _named(row, found):
            sender.add(row, scene.memory_begin)
    return list(found.values())


def _named(row: Row, found: dict[tuple[str, ...], _Sender]) -> Iterable[_Sender]:
    """The senders, one a scope, that a group of failures belongs to."""
    kind, tenant = KINDS[row[RESULT]], text_or_none(row["tenant"])
    for scope, name in _SCOPES:
        if row[name] is not None:
            key = (scope, row[name], kind, tenant or "")
            yield found.setdefault(key, _Sender(scope, row[name], kind, tenant))


def _totals(scene: Scene) -> Totals:
    totals: Totals = defaultdict(lambda: defaultdict(int))
    for row in scene.groups("tlsrpt", (ORGANISATION,), (_COUNTED,), since=scene.lead_begin, interval="day", metrics=_SESSIONS):
        totals[row[ORGANISATION], row["tenant"]][row["@timestamp"]] += row["failed"] + row["successful"]
    past = scene.groups("tlsrpt", (ORGANISATION,), (_COUNTED,), since=scene.memory_begin, until=scene.lead_begin, metrics=_SESSIONS)
    for row in past:
        totals[row[ORGANISATION], row["tenant"]][scene.memory_begin] += row["failed"] + row["successful"]
    return totals


def _judge_sender(scene: Scene, sender: _Sender, totals: Totals) -> Finding | None:
    sessions: dict[datetime, int] = defaultdict(int)
    for organisation in sender.organisations:
        for time, count in totals.get((organisation, sender.tenant), {}).items():
            sessions[time] += count
    share = {time: _share(sender.failed.get(time, 0), sessions[time]) for time in {*sessions, *sender.failed}}
    memory = share.pop(scene.memory_begin, NOTHING).plus(Share(1, scene.settings.tlsrpt_prior))
    buckets = [Bucket(time, share[time], *sender.times.get(time, (None, None))) for time in sorted(share)]
    demand = Demand(0.0, scene.settings.tlsrpt_jump, scene.settings.tlsrpt_failures, 1, scene.settings.significance)
    runs = scene.current(episodes(buckets, memory, demand))
    return _finding(scene, sender, runs) if runs else None


def _share(failed: int, sessions: int) -> Share:
    """Details may say more than their summary: the larger one stands."""
    return Share(failed, max(failed, sessions))


def _finding(scene: Scene, sender: _Sender, runs: list[Episode]) -> Finding:
    found = pooled(run.found for run in runs)
    field_name = dict(_SCOPES)[sender.scope]
    where: dict[str, Values] = {
        field_name: (sender.name,),
        RESULT: tuple(result for result, kind in KINDS.items() if kind == sender.kind),
        "counted": (True,),
    }
    return Finding(
        rule=RULE,
        scope=sender.scope,
        subject=sender.name,
        kind=sender.kind,
        dataset="tlsrpt_failures",
        where=where,
        affected=found.hits,
        total=found.total,
        first_seen=min(run.first_seen for run in runs),
        last_seen=max(run.last_seen for run in runs),
        severity=graded(found.hits, found.total, "high"),
        text=_text(sender, found, runs[0], scene.settings.tlsrpt_prior),
        source="tlsrpt",
        tenant=sender.tenant,
        direction="inbound",
        country=sender.far.country,
        far=sender.far,
        reported_as=(sender.kind,),
    )


def _text(sender: _Sender, found: Share, first: Episode, prior: int) -> str:
    who = {"network": f"Senders in {sender.name}", "country": f"Senders in {sender.name}"}.get(sender.scope, sender.name)
    known = Share(first.normal.hits - 1, first.normal.total - prior)
    usual = f"{percent(known.value)} is usual" if known.total else "nothing is known of before"
    return f"{who} {SAYS[sender.kind]} in {share_text(found.hits, found.total, 'reported session')} since {minute(first.begin)}; {usual}."
