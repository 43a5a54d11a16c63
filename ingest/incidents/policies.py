"""Which mail domains demand TLS, and how that is known: what ``offer_removed`` and ``policy_violated`` hold a session against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ingest.incidents.groups import is_, is_not
from ingest.incidents.settings import Settings
from ingest.incidents.severity import Severity
from ingest.store.query import Filter

OUTWARD = is_not("network.direction", "inbound")
"""A sender to us need not know of any policy."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What demands TLS. ``where``: the sessions with its domains; ``most``: how grave it is at most to go against it."""

    name: Literal["dane", "list", "sts"]
    says: str
    where: Filter
    most: Severity


def policies(settings: Settings) -> Iterator[Policy]:
    """The weightiest first. TLSA records are asked for by servers that heed them (RFC 7672 §2.2). Of an MTA-STS record, only the
    policy behind it says whether it is enforced or tested (RFC 8461 §3.2), which the tap does not see."""
    yield Policy("dane", "its TLSA records (DANE) demand TLS", is_("smtp.mx.dane", True), "high")
    if settings.tls_required:
        domains = tuple(domain.lower() for domain in settings.tls_required)
        yield Policy("list", "it is listed as one that needs verified TLS", is_("smtp.mx.domain", *domains), "high")
    yield Policy("sts", "an MTA-STS policy demands verified TLS, if it is enforced", is_("smtp.mx.mta_sts", True), "medium")
