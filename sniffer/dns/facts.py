"""What port 53 told of a server before a session with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two answers to one question that have nothing in common: one of them is forged."""

    at: int
    """When the second came, nanoseconds since the epoch."""
    text: str


@dataclass(frozen=True, slots=True)
class MxFacts:
    """By the answers that counted when the session began, the latest first. None: no answer was seen."""

    hosts: tuple[str, ...] = ()
    """MX hosts that the server's address stood for."""
    domains: tuple[str, ...] = ()
    """Mail domains whose MX is the first of them."""
    dane: bool | None = None
    """The first host has TLSA records for port 25 (RFC 7672)."""
    tlsrpt: bool | None = None
    """One of the domains has a TLS-RPT record (RFC 8460)."""
    mta_sts: bool | None = None
    """One of the domains has an MTA-STS record (RFC 8461)."""
    contradictions: tuple[Contradiction, ...] = ()
