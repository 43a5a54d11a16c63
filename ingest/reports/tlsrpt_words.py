"""The closed vocabularies of TLS reports (RFC 8460 §4.3, §4.4)."""

from __future__ import annotations

POLICY_TYPES = frozenset({"tlsa", "sts", "no-policy-found"})
RESULT_TYPES = frozenset(
    {
        "starttls-not-supported",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-trusted",
        "validation-failure",
        "tlsa-invalid",
        "dnssec-invalid",
        "dane-required",
        "sts-policy-fetch-error",
        "sts-policy-invalid",
        "sts-webpki-invalid",
    }
)
