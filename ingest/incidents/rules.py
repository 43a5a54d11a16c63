"""The rules, one a module, in the order in which they are judged."""

from __future__ import annotations

from collections.abc import Callable

from ingest.incidents import (
    certificate_changed,
    cleartext_after_failure,
    credentials_in_clear,
    mx_spoofed,
    offer_removed,
    policy_violated,
    spoofing,
    starttls_not_requested,
    starttls_refused,
    starttls_stripped,
    tlsrpt_failures,
    weak_tls,
)
from ingest.incidents.finding import Finding
from ingest.incidents.scene import Scene

Rule = Callable[[Scene], list[Finding]]

MODULES = (
    starttls_stripped,
    offer_removed,
    starttls_refused,
    starttls_not_requested,
    tlsrpt_failures,
    cleartext_after_failure,
    policy_violated,
    certificate_changed,
    mx_spoofed,
    credentials_in_clear,
    weak_tls,
    spoofing,
)
RULES: dict[str, Rule] = {module.RULE: module.judge for module in MODULES}
