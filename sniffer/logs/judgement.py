"""What a logged certificate is worth: only what follows from what was logged of it."""

from __future__ import annotations

import re

from sniffer.logs.entries import Certificate
from sniffer.tls.names import Match, match_names
from sniffer.tls.trust import Trust

_COMMON_NAME = re.compile(r"(?:^|, ?)CN ?= ?([^,]+)")
_STATUS: dict[str, Trust] = {
    "ok": "trusted",
    "self signed certificate": "self_signed",
    "certificate has expired": "expired",
    "unable to get local issuer certificate": "unknown_issuer",
    "unable to get issuer certificate": "unknown_issuer",
    "unable to verify the first certificate": "unknown_issuer",
    "self signed certificate in certificate chain": "unknown_issuer",
    "certificate is not yet valid": "invalid",
    "certificate signature failure": "invalid",
    "invalid CA certificate": "invalid",
}
"""OpenSSL's words, as Zeek's validate-certs script logs them."""


def trust_of(certificate: Certificate, at: int) -> Trust:
    """Zeek's own finding where it has one; else the dates, which need no roots."""
    found = _STATUS.get((certificate.status or "").replace("self-signed", "self signed"))
    if found is not None:
        return found
    if certificate.not_after is not None and at > certificate.not_after:
        return "expired"
    if certificate.not_before is not None and at < certificate.not_before:
        return "invalid"
    return "not_checked"


def match_of(certificate: Certificate, hosts: tuple[str, ...], domains: tuple[str, ...]) -> Match:
    """By the names. Where not all of them were logged, no match proves nothing: ``unknown``."""
    common = _COMMON_NAME.search(certificate.subject or "")
    names = certificate.alternative_names or ((common[1].strip(),) if common else ())
    found = match_names(names, hosts, domains)
    if found == "mx" or (certificate.named and hosts):
        return "mx"
    return found if certificate.alternative_names is not None else "unknown"
