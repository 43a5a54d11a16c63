"""Rule ``spoofing``: a network or country sends more mail in our name that fails DMARC than is usual for it.

What counts are the messages of aggregate reports that aligned neither by DKIM nor by SPF (RFC 7489 §3.1), but for those whose
receiver says that they were forwarded or came by a mailing list (RFC 7489 appendix C). A report cannot tell a forger from a
sender of our own that nobody set up: the incident says both, and is grave only where such mail was let through.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from ingest.incidents.change import Demand
from ingest.incidents.finding import Finding, Scope, Values
from ingest.incidents.groups import is_, is_not, text_or_none
from ingest.incidents.reported import COUNTED, SCOPES, Failures, Rise, rises
from ingest.incidents.scene import Scene
from ingest.incidents.sentence import counted, minute, share_text
from ingest.incidents.settings import Settings
from ingest.incidents.severity import graded
from ingest.store.query import Metric

RULE = "spoofing"
UNALIGNED = is_("dmarc.aligned", False)
_DIRECTLY = is_not("dmarc.reasons", "forwarded", "trusted_forwarder", "mailing_list")
_LET_THROUGH = is_not("dmarc.disposition", "quarantine", "reject")
_MESSAGES = "dmarc.count"
_JUDGED: tuple[Scope, ...] = ("network", "country")
Days = dict[tuple[str | None, str | None], dict[datetime, int]]
"""By (network or country, tenant): messages a day."""


def judge(scene: Scene) -> list[Finding]:
    """Findings by sending network and country."""
    found = list(rises(scene, _failures(scene.settings)))
    through = {
        scope: _let_through(scene, SCOPES[scope], {one.sender.name for one in found if one.sender.scope == scope}) for scope in _JUDGED
    }
    return [_finding(one, _within(one, through[one.sender.scope])) for one in found]


def _failures(settings: Settings) -> Failures:
    return Failures(
        dataset="dmarc",
        where=(UNALIGNED, _DIRECTLY),
        count=_MESSAGES,
        kinds={},
        kind=None,
        server=(),
        whole="dmarc",
        parts=(_MESSAGES,),
        scopes=_JUDGED,
        demand=Demand(0.0, settings.spoofing_jump, settings.spoofing, 1, settings.significance),
        prior=settings.spoofing_prior,
    )


def _let_through(scene: Scene, field: str, names: set[str]) -> Days:
    """Those of the messages that were neither put into quarantine nor rejected."""
    where, metrics = (COUNTED, UNALIGNED, _DIRECTLY, _LET_THROUGH), (Metric("messages", "sum", _MESSAGES),)
    days: Days = defaultdict(dict)
    for row in scene.groups("dmarc", (field,), where, among=(field, names), since=scene.lead_begin, interval="day", metrics=metrics):
        days[row[field], text_or_none(row["tenant"])][row["@timestamp"]] = row["messages"]
    return days


def _within(rise: Rise, through: Days) -> int:
    days = through.get((rise.sender.name, rise.sender.tenant), {})
    return sum(messages for day, messages in days.items() if rise.begin <= day <= rise.last_seen)


def _finding(rise: Rise, through: int) -> Finding:
    sender, found = rise.sender, rise.found
    where: dict[str, Values] = {SCOPES[sender.scope]: (sender.name,), UNALIGNED.field: UNALIGNED.values, COUNTED.field: COUNTED.values}
    share = share_text(found.hits, found.total, "reported message")
    fate = f"{counted(through, 'was', 'were')} let through" if through else "none was let through"
    return Finding(
        rule=RULE,
        scope=sender.scope,
        subject=sender.name,
        dataset="dmarc",
        where=where,
        affected=found.hits,
        total=found.total,
        first_seen=rise.first_seen,
        last_seen=rise.last_seen,
        severity=graded(found.hits, found.total, "high" if through else "low"),
        text=f"{sender.who} wrote {share} in our name that failed DMARC, since {minute(rise.begin)}; {rise.usual}. "
        f"Forged, or from a sender of our own that is not set up: {fate}.",
        source="dmarc",
        tenant=sender.tenant,
        country=sender.far.country,
        far=sender.far,
    )
