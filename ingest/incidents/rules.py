"""The rules, one a module, in the order in which they are judged."""

from __future__ import annotations

from collections.abc import Callable

from ingest.incidents import offer_removed, starttls_not_requested, starttls_stripped, tlsrpt_failures
from ingest.incidents.finding import Finding
from ingest.incidents.scene import Scene

Rule = Callable[[Scene], list[Finding]]

RULES: dict[str, Rule] = {
    module.RULE: module.judge for module in (starttls_stripped, offer_removed, starttls_not_requested, tlsrpt_failures)
}
