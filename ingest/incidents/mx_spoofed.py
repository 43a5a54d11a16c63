"""Rule ``mx_spoofed``: mail went to a server about which a question of DNS was answered twice, with nothing in common.

Whoever is not on the path of a resolver has to be faster than the true answer, and both arrive: the tap that sees port 53 sees
both. A server that rotates its records still answers a question once, so one such session names its server; which of the two
answers was forged, the tap cannot tell. How grave it is follows from the counts.
"""

from __future__ import annotations

from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import exists, is_, text_or_none
from ingest.incidents.hits import hit_groups
from ingest.incidents.scene import Key, Scene
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import graded
from ingest.store.query import Row

RULE = "mx_spoofed"
CONTRADICTED = is_("smtp.evidence_words", "dns_answer_contradicted")
_SERVER = ("destination.ip", "network.direction")
_NAMED = (exists("destination.domain"),)
"""By DNS: of other sessions the tap knows nothing."""


def judge(scene: Scene) -> list[Finding]:
    """Findings by server."""
    return [_finding(key, row, far) for key, row, far in hit_groups(scene, _SERVER, _NAMED, CONTRADICTED, 1)]


def _finding(key: Key, row: Row, far: FarEnds) -> Finding:
    address, direction = str(key[0]), text_or_none(key[1])
    where: dict[str, Values] = {"destination.ip": (address,), CONTRADICTED.field: CONTRADICTED.values}
    share = share_text(row["hits"], row["count"])
    return Finding(
        rule=RULE,
        scope="server",
        subject=address,
        dataset="sessions",
        where=where if direction is None else {**where, "network.direction": (direction,)},
        affected=row["hits"],
        total=row["count"],
        first_seen=row["first"],
        last_seen=row["last"],
        severity=graded(row["hits"], row["count"], "critical"),
        text=f"Two answers of DNS about {address} had nothing in common before {share} with it: one of them was forged.",
        tenant=text_or_none(key[-1]),
        direction=direction,
        country=far.country,
        far=far.elsewhere,
    )
