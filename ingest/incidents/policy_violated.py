"""Rule ``policy_violated``: mail that we or others send to a domain went in clear, or over unverified TLS, though its policy
demands better.

What a domain demands is known from the answers of port 53 on the tap (TLSA records, an MTA-STS record) and from the list of
``incidents.tls_required``. That our own servers asked for TLSA records shows that they heed them; of an MTA-STS record only the
policy behind it says whether it is enforced or tested, so the severity is medium at most. A certificate is held against
MTA-STS (RFC 8461 §4.1) and the list, never against DANE, which may want one that no authority signed (RFC 7672 §3.1). Mail to
us is left out: a sender need not know of any policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.incidents.finding import Finding, Values
from ingest.incidents.groups import exists, is_
from ingest.incidents.hits import hit_groups
from ingest.incidents.policies import OUTWARD, Policy, policies
from ingest.incidents.scene import Scene
from ingest.store.query import Filter

RULE = "policy_violated"
_SERVER = ("destination.domain",)
_OUT = (exists("destination.domain"), OUTWARD)


@dataclass(frozen=True, slots=True)
class _Violation:
    """How mail went: the sessions that could show it, and those that do."""

    kind: str
    says: str
    counted: Filter
    hit: Filter


_CLEAR = _Violation("clear", "went in clear", exists("smtp.mail_in_clear"), is_("smtp.mail_in_clear", True))
_UNTRUSTED = _Violation(
    "untrusted",
    "went over TLS with a certificate that is not trusted",
    is_("tls.certificate.trust", "trusted", "self_signed", "expired", "unknown_issuer", "invalid"),
    is_("tls.certificate.trust", "self_signed", "expired", "unknown_issuer", "invalid"),
)
_MISMATCHED = _Violation(
    "mismatched",
    "went over TLS with a certificate of another name",
    is_("tls.certificate.match", "mx", "domain", "neither"),
    is_("tls.certificate.match", "neither"),
)


_FORBIDS = {"dane": (_CLEAR,)}
_EVERYTHING = (_CLEAR, _UNTRUSTED, _MISMATCHED)


def judge(scene: Scene) -> list[Finding]:
    """Findings by MX host, policy and what went wrong."""
    return [
        finding
        for policy in policies(scene.settings)
        for violation in _FORBIDS.get(policy.name, _EVERYTHING)
        for finding in _violated(scene, policy, violation)
    ]


def _violated(scene: Scene, policy: Policy, violation: _Violation) -> Iterator[Finding]:
    counted = (*_OUT, policy.where, violation.counted)
    for group in hit_groups(scene, _SERVER, counted, violation.hit, scene.settings.policy_violations):
        host = str(group.key[0])
        where: dict[str, Values] = {"destination.domain": (host,), **{one.field: one.values for one in (policy.where, violation.hit)}}
        text = f"Mail to {host} {violation.says} in {group.told()}, though {policy.says}."
        yield group.finding(RULE, "server", host, where, policy.most, text, f"{policy.name} {violation.kind}")
