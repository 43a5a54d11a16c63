"""The demo's reporters sign their mails with DKIM, by keys made when it starts."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SELECTOR = "demo"
_HEADERS = [b"from", b"to", b"subject", b"date", b"message-id", b"content-type", b"tls-report-domain", b"tls-report-submitter"]


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """One key pair, which all of the demo's reporters use."""

    _key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048), repr=False)

    def records(self, domains: Iterable[str]) -> dict[str, str]:
        """Name → text of the keys to publish (RFC 6376 §3.6.1), for any kind of report (RFC 8460 §3)."""
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        text = f"v=DKIM1; k=rsa; s=email:tlsrpt; p={base64.b64encode(public).decode()}"
        return {f"{SELECTOR}._domainkey.{domain}": text for domain in domains}

    def signed(self, message: bytes, domain: str) -> bytes:
        """The message (CRLF lines) with its signature in front."""
        private = self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        present = [name for name in _HEADERS if b"\n" + name + b":" in b"\n" + message.lower()]
        signature: bytes = dkim.sign(
            message, SELECTOR.encode(), domain.encode(), private, canonicalize=(b"relaxed", b"relaxed"), include_headers=present
        )
        return signature + message
