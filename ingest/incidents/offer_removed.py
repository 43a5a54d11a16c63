"""Rule ``offer_removed``: a server that is known to offer STARTTLS does not offer it on this path.

It is known by what it did before on this path, or does on others, and by the policies of its domains. What counts for or against
are sessions whose EHLO was answered, whose reply could be read, and whose verdict is neither ``incomplete`` nor a masked offer
(which ``starttls_stripped`` tells).
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.incidents.finding import STRIPPING, Finding
from ingest.incidents.groups import exists, is_, is_not
from ingest.incidents.hits import hit_groups
from ingest.incidents.policies import OUTWARD, Policy, policies
from ingest.incidents.scene import Scene
from ingest.incidents.server_memory import PATH, Lack, finding, removals, server

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
    remembered = [
        finding(RULE, WHERE, one.server, "high", one.told("did not offer STARTTLS", "offered it"), STRIPPING)
        for one in removals(scene, LACK)
    ]
    demanded = [one for policy in policies(scene.settings) for one in _against(scene, policy)]
    told: dict[tuple[str | None, ...], Finding] = {}
    for one in (*remembered, *demanded):  # of one server on one path the first says most
        told.setdefault((one.subject, one.direction, one.tenant), one)
    return list(told.values())


def _against(scene: Scene, policy: Policy) -> Iterator[Finding]:
    """Servers of domains that demand TLS, which say by that that they offer it."""
    counted, least = (*LACK.counted, policy.where, OUTWARD, exists("network.path")), scene.settings.policy_violations
    for group in hit_groups(scene, PATH[:-1], counted, LACK.missing, least):  # which adds the direction
        one = server(group.key, group.share, (group.row["first"], group.row["last"]), group.far)
        text = f"{one.lacked('did not offer STARTTLS')}, though {policy.says}."
        yield finding(RULE, {**WHERE, policy.where.field: policy.where.values}, one, policy.most, text, STRIPPING)
