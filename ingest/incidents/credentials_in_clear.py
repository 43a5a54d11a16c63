"""Rule ``credentials_in_clear``: passwords went over the wire before TLS.

AUTH used in clear is a finding from the first session, by server: who can read the path has the password. AUTH merely
offered in clear is the server's habit, shown in the figures and no incident.
"""

from __future__ import annotations

from ingest.incidents.finding import Finding, Values
from ingest.incidents.groups import exists, is_
from ingest.incidents.hits import HitGroup, hit_groups
from ingest.incidents.scene import Scene

RULE = "credentials_in_clear"
USED = is_("smtp.auth.used_in_clear", True)
_OBSERVED = (exists("smtp.auth.used_in_clear"),)
_SERVER = ("destination.ip", "destination.port")


def judge(scene: Scene) -> list[Finding]:
    """Findings by server."""
    return [_finding(group) for group in hit_groups(scene, _SERVER, _OBSERVED, USED, scene.settings.clear_credentials)]


def _finding(group: HitGroup) -> Finding:
    address, port = str(group.key[0]), group.key[1]
    server = address if port is None else f"{address} port {port}"
    where: dict[str, Values] = {"destination.ip": (address,), USED.field: USED.values}
    if port is not None:
        where["destination.port"] = (port,)
    text = f"Clients sent credentials to {server} before TLS in {group.told()}: who can read the path has them."
    return group.finding(RULE, "server", server, where, "high", text)
