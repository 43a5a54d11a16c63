"""Is a certificate to be trusted, at the time of its capture? Path building after RFC 5280 section 6, cut to what a
passive judge can state: signatures, validity, CA flags. Revocation, policies and name constraints are not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from math import ceil, floor
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256

from sniffer.tls.certificate import UNREADABLE, certificate_facts, parsed_certificate
from sniffer.tls.server_hello import LONGEST_KEPT

Trust = Literal["trusted", "self_signed", "expired", "unknown_issuer", "invalid", "not_observable", "not_checked"]

MAX_PATH = 8
"""Certificates in a path from leaf to root; longer ones are of an unknown issuer."""
_DAY = 86400
_KEPT = 4096


class TrustStore:
    """Roots by their subject. Compared by identity: judgements are cached for each store."""

    def __init__(self, roots: Iterable[x509.Certificate]) -> None:
        self._by_subject: dict[bytes, list[x509.Certificate]] = {}
        self._known: set[bytes] = set()
        for root in roots:
            try:
                self._by_subject.setdefault(root.subject.public_bytes(), []).append(root)
                self._known.add(_digest(root))
            except UNREADABLE:
                continue

    @classmethod
    def from_pem(cls, pem: bytes) -> TrustStore:
        """A store of the certificates in a PEM bundle. Raises ValueError when one of them is none."""
        return cls(x509.load_pem_x509_certificates(pem))

    def __len__(self) -> int:
        return len(self._known)

    def holds(self, certificate: x509.Certificate) -> bool:
        """True when this very certificate is a root of the store."""
        return _digest(certificate) in self._known

    def issuers(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """Roots that bear the issuer's name."""
        return self._by_subject.get(certificate.issuer.public_bytes(), [])


def trust_of(chain: tuple[bytes, ...], at: int, store: TrustStore | None) -> Trust:
    """Judge a chain (DER, leaf first; the rest in any order) at ``at``, nanoseconds since the epoch.

    ``not_observable`` for no chain at all; ``not_checked`` without a store, where nothing else already speaks
    against the leaf. Cached by chain, day and store; the leaf's own validity is looked at to the second.
    """
    if not chain:
        return "not_observable"
    facts = certificate_facts(chain[0])
    if not facts.readable or facts.not_before is None or facts.not_after is None:
        return "invalid"
    seconds = at // 1_000_000_000
    judge = _judge if sum(map(len, chain)) <= LONGEST_KEPT else _judge.__wrapped__
    verdict: Trust = judge(chain, seconds // _DAY, store)
    if verdict in ("self_signed", "invalid"):
        return verdict
    if seconds > facts.valid_until:
        return "expired"
    if seconds < facts.valid_from:
        return "invalid"
    return verdict


def steady(chain: tuple[bytes, ...], at: int) -> tuple[int, int]:
    """Seconds since the epoch about ``at`` (nanoseconds), the last one excluded, in which ``trust_of`` says the same."""
    facts, seconds = certificate_facts(chain[0]), at // 1_000_000_000
    day = seconds // _DAY * _DAY
    edges = (day, ceil(facts.valid_from), floor(facts.valid_until) + 1, day + _DAY)
    return max(edge for edge in edges if edge <= seconds), min(edge for edge in edges if edge > seconds)


@lru_cache(_KEPT)
def _judge(chain: tuple[bytes, ...], day: int, store: TrustStore | None) -> Trust:
    parsed = [certificate for certificate in map(parsed_certificate, chain) if certificate is not None]
    leaf = parsed[0]
    try:
        if store is not None and store.holds(leaf):
            return "trusted"
        if leaf.subject == leaf.issuer and _issued(leaf, leaf):
            return "self_signed"
        if store is None:
            return "not_checked"
        return _path(leaf, parsed[1:], store, datetime.fromtimestamp(day * _DAY + _DAY // 2, leaf.not_valid_after_utc.tzinfo))
    except UNREADABLE:
        return "invalid"


def _path(leaf: x509.Certificate, others: list[x509.Certificate], store: TrustStore, now: datetime) -> Trust:
    """Walk from the leaf upwards; the first root that signed what we hold ends it well."""
    current, reason = leaf, "unknown_issuer"
    for _ in range(MAX_PATH):
        roots = store.issuers(current)
        for root in roots:
            if _issued(current, root):
                return "trusted" if _valid(root, now) else "expired"
        if roots:
            reason = "invalid"
        named = [other for other in others if other.subject == current.issuer and other != current]
        issuer = next((other for other in named if _issued(current, other)), None)
        if issuer is None:
            return "invalid" if named or reason == "invalid" else "unknown_issuer"
        if not _is_authority(issuer):
            return "invalid"
        if not _valid(issuer, now):
            return "expired"
        current = issuer
    return "unknown_issuer"


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, *UNREADABLE):
        return False


def _digest(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(SHA256())
