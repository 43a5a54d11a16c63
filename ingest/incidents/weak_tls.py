"""Rule ``weak_tls``: sessions with SSL, TLS 1.0 or 1.1 (RFC 8996 forbids them), or with a suite too weak to keep anything secret
(RFC 9325 §4.2.1), by far end's network.

Weak are ciphers of less than 128 bits, RC4 and none at all; and key exchanges of export strength, or without authentication, which
servers that encrypt by opportunity alone may choose on purpose: those are ``low``. A path that an attacker pressed down to an old
version or suite looks the same as an old server, so this says what was seen and how often, at most of medium severity.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.incidents.far_ends import NETWORK
from ingest.incidents.finding import FarEnds, Finding, Values
from ingest.incidents.groups import exists, is_, text_or_none
from ingest.incidents.hits import hit_groups
from ingest.incidents.scene import Key, Scene
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import Severity, graded
from ingest.store.query import Filter, Row

RULE = "weak_tls"
_ESTABLISHED = (is_("tls.established", True), exists(NETWORK))
_NETWORK = (NETWORK, "network.direction")


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
    groups = hit_groups(scene, _NETWORK, where, weakness.hit, scene.settings.weak_tls)
    return [_finding(weakness, key, row, far) for key, row, far in groups]


def _finding(weakness: _Weakness, key: Key, row: Row, far: FarEnds) -> Finding:
    network, direction = str(key[0]), text_or_none(key[1])
    where: dict[str, Values] = {NETWORK: (network,), "tls.established": (True,), weakness.hit.field: weakness.hit.values}
    way = {"inbound": "from", "outbound": "to"}.get(direction or "", "with")
    return Finding(
        rule=RULE,
        scope="network",
        subject=network,
        kind=weakness.kind,
        dataset="sessions",
        where=where if direction is None else {**where, "network.direction": (direction,)},
        affected=row["hits"],
        total=row["count"],
        first_seen=row["first"],
        last_seen=row["last"],
        severity=graded(row["hits"], row["count"], weakness.most),
        text=f"{weakness.says} was used in {share_text(row['hits'], row['count'], 'encrypted session')} {way} {network}.",
        tenant=text_or_none(key[-1]),
        direction=direction,
        country=far.country,
        far=far.elsewhere,
    )
