"""Rule ``offer_removed``: a server that is known to offer STARTTLS does not offer it on this path.

What counts for or against are sessions whose EHLO was answered, whose reply could be read, and whose verdict is neither
``incomplete`` nor a masked offer (which ``starttls_stripped`` tells).
"""

from __future__ import annotations

from ingest.incidents.finding import STRIPPING, Finding
from ingest.incidents.groups import is_, is_not
from ingest.incidents.scene import Scene
from ingest.incidents.server_memory import Lack, finding, removals

RULE = "offer_removed"
LACK = Lack(
    counted=(
        is_("smtp.ehlo", True),
        is_("smtp.starttls.offered", True, False),
        is_not("smtp.verdict", "incomplete", "stripped_offer"),
    ),
    missing=is_("smtp.starttls.offered", False),
)
WHERE = {"smtp.ehlo": (True,), "smtp.starttls.offered": (False,)}


def judge(scene: Scene) -> list[Finding]:
    """Findings by server and path."""
    return [finding(RULE, WHERE, one, "high", one.told("did not offer STARTTLS", "offered it"), STRIPPING) for one in removals(scene, LACK)]
