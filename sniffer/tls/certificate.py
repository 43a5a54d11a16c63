"""What a server's certificate says of itself, cached by its bytes: the same few certificates come all day."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from warnings import catch_warnings, simplefilter

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.utils import CryptographyDeprecationWarning

from sniffer.remembered import remembered
from sniffer.tls.server_hello import CERTIFICATES_KEPT, LONGEST_KEPT

MAX_NAMES = 100
"""Alternative names reported of one certificate."""

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What reading a strange certificate can raise; DER is read lazily, so each part may."""


class CertificateFacts(msgspec.Struct, frozen=True, gc=False):
    """``sha256`` is upper-case hex, as ECS wants; names are RFC 4514 text. None is what could not be read."""

    sha256: str
    readable: bool
    subject: str | None = None
    issuer: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    alternative_names: tuple[str, ...] = ()
    common_names: tuple[str, ...] = ()
    key_algorithm: str | None = None
    key_size: int | None = None
    valid_from: float = 0.0
    """``not_before`` in seconds since the epoch; ``valid_until``: ``not_after``."""
    valid_until: float = 0.0


@remembered(CERTIFICATES_KEPT, LONGEST_KEPT)
def certificate_facts(der: bytes) -> CertificateFacts:
    """The facts of one DER certificate; what is no certificate is told by its hash alone."""
    digest = sha256(der).hexdigest().upper()
    parsed = parsed_certificate(der)
    if parsed is None:
        return CertificateFacts(digest, False)
    try:
        algorithm, size = _key(parsed)
        return CertificateFacts(
            digest,
            True,
            parsed.subject.rfc4514_string() or None,
            parsed.issuer.rfc4514_string() or None,
            parsed.not_valid_before_utc,
            parsed.not_valid_after_utc,
            _alternative_names(parsed),
            tuple(str(name.value) for name in parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)),
            algorithm,
            size,
            parsed.not_valid_before_utc.timestamp(),
            parsed.not_valid_after_utc.timestamp(),
        )
    except UNREADABLE:
        return CertificateFacts(digest, False)


@remembered(CERTIFICATES_KEPT, LONGEST_KEPT)
def parsed_certificate(der: bytes) -> x509.Certificate | None:
    """The certificate of the DER bytes, None when they are none."""
    try:
        with catch_warnings():
            simplefilter("ignore", CryptographyDeprecationWarning)  # a serial number of 0, say: a server's affair
            return x509.load_der_x509_certificate(der)
    except UNREADABLE:
        return None


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names and addresses (RFC 5280 section 4.2.1.6) in their order; what else stands there is left out."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, *UNREADABLE):
        return ()
    return tuple(str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress))[:MAX_NAMES]


def _key(certificate: x509.Certificate) -> tuple[str | None, int | None]:
    """(algorithm, bits) of the public key; an unknown algorithm is told by its object identifier."""
    try:
        key = certificate.public_key()
    except UNREADABLE:
        return certificate.public_key_algorithm_oid.dotted_string, None
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 256
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", 456
    return certificate.public_key_algorithm_oid.dotted_string, None
