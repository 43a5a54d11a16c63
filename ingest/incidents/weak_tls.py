"""Rule ``weak_tls``: sessions with SSL, TLS 1.0 or 1.1 (RFC 8996 forbids them), or with a suite too weak to keep anything secret
(RFC 9325 §4.2.1), by far end's network.

Weak are ciphers of less than 128 bits, RC4 and none at all; and key exchanges of export strength, or without authentication, which
servers that encrypt by opportunity alone may choose on purpose: those are ``low``. A path that an attacker pressed down to an old
version or suite looks the same as an old server, so this says what was seen and how often, at most of medium severity.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.incidents.far_ends import NETWORK
from ingest.incidents.finding import Finding, Values
from ingest.incidents.groups import exists, is_
from ingest.incidents.hits import HitGroup, hit_groups
from ingest.incidents.scene import Scene
from ingest.incidents.severity import Severity
from ingest.store.query import Filter

RULE = "weak_tls"
_ESTABLISHED = (is_("tls.established", True), exists(NETWORK))
_NETWORK = (NETWORK,)


@dataclass(frozen=True, slots=True)
class _Weakness:
    kind: str
    says: str
    hit: Filter
    most: Severity


WEAK = (
    _Weakness("", "TLS 1.1 or older", is_("tls.version", "2.0", "3.0", "1.0", "1.1"), "medium"),  # 2.0 and 3.0 are SSL
    _Weakness(
        "cipher",
        "A weak cipher",
        is_("tls.encryption", "NULL", "RC4_40", "RC4_128", "RC2_CBC_40", "DES40_CBC", "DES_CBC_40", "DES_CBC", "3DES_EDE_CBC", "IDEA_CBC"),
        "medium",
    ),
    _Weakness(
        "export",
        "A key exchange of export strength",
        is_("tls.key_exchange", "RSA_EXPORT", "DH_EXPORT", "DHE_EXPORT", "DH_anon_EXPORT", "KRB5_EXPORT"),
        "medium",
    ),
    _Weakness("anonymous", "A key exchange without authentication", is_("tls.key_exchange", "DH_anon", "ECDH_anon"), "low"),
)


def judge(scene: Scene) -> list[Finding]:
    """Findings by the far end's network, and by what is weak."""
    return [finding for weakness in WEAK for finding in _findings(scene, weakness)]


def _findings(scene: Scene, weakness: _Weakness) -> list[Finding]:
    where = (*_ESTABLISHED, exists(weakness.hit.field))
    return [_finding(weakness, group) for group in hit_groups(scene, _NETWORK, where, weakness.hit, scene.settings.weak_tls)]


def _finding(weakness: _Weakness, group: HitGroup) -> Finding:
    network = str(group.key[0])
    where: dict[str, Values] = {NETWORK: (network,), "tls.established": (True,), weakness.hit.field: weakness.hit.values}
    way = {"inbound": "from", "outbound": "to"}.get(group.direction or "", "with")
    text = f"{weakness.says} was used in {group.told('encrypted session')} {way} {network}."
    return group.finding(RULE, "network", network, where, weakness.most, text, weakness.kind)
