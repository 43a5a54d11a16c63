"""Rule ``mx_spoofed``: mail went to a server about which a question of DNS was answered twice, with nothing in common.

Whoever is not on the path of a resolver has to be faster than the true answer, and both arrive: the tap that sees port 53 sees
both. A server that rotates its records still answers a question once, so one such session names its server; which of the two
answers was forged, the tap cannot tell. How grave it is follows from the counts.
"""

from __future__ import annotations

from ingest.incidents.finding import Finding, Values
from ingest.incidents.groups import exists, is_
from ingest.incidents.hits import HitGroup, hit_groups
from ingest.incidents.scene import Scene

RULE = "mx_spoofed"
CONTRADICTED = is_("smtp.evidence_words", "dns_answer_contradicted")
_SERVER = ("destination.ip",)
_NAMED = (exists("destination.domain"),)
"""By DNS: of other sessions the tap knows nothing."""


def judge(scene: Scene) -> list[Finding]:
    """Findings by server."""
    return [_finding(group) for group in hit_groups(scene, _SERVER, _NAMED, CONTRADICTED, 1)]


def _finding(group: HitGroup) -> Finding:
    address = str(group.key[0])
    where: dict[str, Values] = {"destination.ip": (address,), CONTRADICTED.field: CONTRADICTED.values}
    text = f"Two answers of DNS about {address} had nothing in common before {group.told()} with it: one of them was forged."
    return group.finding(RULE, "server", address, where, "critical", text)
