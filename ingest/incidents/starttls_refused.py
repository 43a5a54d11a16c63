"""Rule ``starttls_refused``: a server that is known to accept STARTTLS refuses it on this path.

So it looks where the client's command is masked between the tap and the server (an odd 500 or 502), or where somebody
answers in the server's stead. What counts for or against are sessions in which STARTTLS was answered. A server may also be
at fault itself: where its own past on the path is all there is to compare with, the severity is medium at most.
"""

from __future__ import annotations

from ingest.incidents.finding import STRIPPING, Finding
from ingest.incidents.groups import is_
from ingest.incidents.scene import Scene
from ingest.incidents.server_memory import Lack, finding, removals

RULE = "starttls_refused"
REFUSED = is_("smtp.verdict", RULE)
LACK = Lack(counted=(is_("smtp.verdict", "tls", "tls_failed", RULE),), missing=REFUSED)
WHERE = {"smtp.verdict": (RULE,)}


def judge(scene: Scene) -> list[Finding]:
    """Findings by server and path."""
    return [
        finding(RULE, WHERE, one.server, "high" if one.across_paths else "medium", one.told("refused STARTTLS", "accepted it"), STRIPPING)
        for one in removals(scene, LACK)
    ]
