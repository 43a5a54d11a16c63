"""Rule ``credentials_in_clear``: passwords went over the wire before TLS.

AUTH used in clear is a finding from the first session, by server: who can read the path has the password. AUTH merely
offered in clear is the server's habit, shown in the figures and no incident.
"""

from __future__ import annotations

from ingest.incidents.far_ends import far_ends
from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import TIMES, exists, is_, text_or_none
from ingest.incidents.scene import Key, Scene, hit_metrics, key_of
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import graded
from ingest.store.query import Row

RULE = "credentials_in_clear"
USED = is_("smtp.auth.used_in_clear", True)
_SERVER = ("destination.ip", "destination.port", "network.direction")


def judge(scene: Scene) -> list[Finding]:
    """Findings by server."""
    used = scene.groups("sessions", _SERVER, (USED,), metrics=TIMES)
    found = {key_of(row, _SERVER) for row in used if row["count"] >= scene.settings.clear_credentials}
    if not found:
        return []
    among = ("destination.ip", {str(key[0]) for key in found})
    rows = scene.groups("sessions", _SERVER, (exists("smtp.auth.used_in_clear"),), among=among, metrics=hit_metrics(USED))
    far = far_ends(scene, *among, (USED,))
    return [_finding(key, row, far[key[0], key[-1]]) for row in rows if (key := key_of(row, _SERVER)) in found]


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
