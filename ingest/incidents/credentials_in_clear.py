"""Rule ``credentials_in_clear``: passwords went over the wire before TLS.

AUTH used in clear is a finding from the first session, by server: who can read the path has the password. AUTH merely
offered in clear is the server's habit, shown in the figures and no incident.
"""

from __future__ import annotations

from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import exists, is_, text_or_none
from ingest.incidents.hits import hit_groups
from ingest.incidents.scene import Key, Scene
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import graded
from ingest.store.query import Row

RULE = "credentials_in_clear"
USED = is_("smtp.auth.used_in_clear", True)
_OBSERVED = (exists("smtp.auth.used_in_clear"),)
_SERVER = ("destination.ip", "destination.port", "network.direction")


def judge(scene: Scene) -> list[Finding]:
    """Findings by server."""
    groups = hit_groups(scene, _SERVER, _OBSERVED, USED, scene.settings.clear_credentials)
    return [_finding(key, row, far) for key, row, far in groups]


def _finding(key: Key, row: Row, far: FarEnds) -> Finding:
    address, port, direction = str(key[0]), key[1], text_or_none(key[2])
    server = address if port is None else f"{address} port {port}"
    where: dict[str, Values] = {"destination.ip": (address,), "smtp.auth.used_in_clear": (True,)}
    if port is not None:
        where["destination.port"] = (port,)
    return Finding(
        rule=RULE,
        scope="server",
        subject=server,
        dataset="sessions",
        where=where if direction is None else {**where, "network.direction": (direction,)},
        affected=row["hits"],
        total=row["count"],
        first_seen=row["first"],
        last_seen=row["last"],
        severity=graded(row["hits"], row["count"], "high"),
        text=f"Clients sent credentials to {server} before TLS in {share_text(row['hits'], row['count'])}: who can read the path has them.",
        tenant=text_or_none(key[-1]),
        direction=direction,
        country=far.country,
        far=far.elsewhere,
    )
