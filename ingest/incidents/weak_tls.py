"""Rule ``weak_tls``: sessions with SSL 3.0, TLS 1.0 or 1.1 (RFC 8996 forbids them), by far end's network.

A path that an attacker pressed down to an old version looks the same as an old server, so this says what was seen and
how often, at most of medium severity.
"""

from __future__ import annotations

from ingest.incidents.far_ends import NETWORK
from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import exists, is_, text_or_none
from ingest.incidents.hits import hit_groups
from ingest.incidents.scene import Key, Scene
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import graded
from ingest.store.query import Row

RULE = "weak_tls"
OLD_VERSIONS = ("2.0", "3.0", "1.0", "1.1")
"""2.0 and 3.0 are SSL."""
OLD = is_("tls.version", *OLD_VERSIONS)
_ESTABLISHED = (is_("tls.established", True), exists("tls.version"), exists(NETWORK))
_NETWORK = (NETWORK, "network.direction")


def judge(scene: Scene) -> list[Finding]:
    """Findings by the far end's network."""
    groups = hit_groups(scene, _NETWORK, _ESTABLISHED, OLD, scene.settings.weak_tls)
    return [_finding(key, row, far) for key, row, far in groups]


def _finding(key: Key, row: Row, far: FarEnds) -> Finding:
    network, direction = str(key[0]), text_or_none(key[1])
    where: dict[str, Values] = {NETWORK: (network,), "tls.established": (True,), "tls.version": OLD_VERSIONS}
    way = {"inbound": "from", "outbound": "to"}.get(direction or "", "with")
    return Finding(
        rule=RULE,
        scope="network",
        subject=network,
        dataset="sessions",
        where=where if direction is None else {**where, "network.direction": (direction,)},
        affected=row["hits"],
        total=row["count"],
        first_seen=row["first"],
        last_seen=row["last"],
        severity=graded(row["hits"], row["count"], "medium"),
        text=f"TLS 1.1 or older was used in {share_text(row['hits'], row['count'], 'encrypted session')} {way} {network}.",
        tenant=text_or_none(key[-1]),
        direction=direction,
        country=far.country,
        far=far.elsewhere,
    )
