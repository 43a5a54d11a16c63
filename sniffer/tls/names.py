"""Does a certificate name the host that it should (RFC 6125 section 6, RFC 9525 section 6)?"""

from __future__ import annotations

from typing import Literal

from sniffer.remembered import remembered
from sniffer.tls.certificate import CertificateFacts, certificate_facts
from sniffer.tls.server_hello import LONGEST_KEPT

Match = Literal["mx", "domain", "neither", "unknown", "not_observable"]
_KEPT = 4096


def match_of(chain: tuple[bytes, ...], hosts: tuple[str, ...], domains: tuple[str, ...] = ()) -> Match:
    """Compare the leaf's names with the MX host names and the mail domains that are expected.

    Without configured ``domains`` a host's parent stands for its domain. ``unknown`` when nothing is expected.
    """
    return _match(chain[0], hosts, domains) if chain else "not_observable"


@remembered(_KEPT, LONGEST_KEPT)
def _match(leaf: bytes, hosts: tuple[str, ...], domains: tuple[str, ...]) -> Match:
    return match_names(presented_names(certificate_facts(leaf)), hosts, domains)


def match_names(names: tuple[str, ...], hosts: tuple[str, ...], domains: tuple[str, ...]) -> Match:
    """The same for the names alone."""
    if not hosts and not domains:
        return "unknown"
    if any(covers(name, host) for name in names for host in hosts):
        return "mx"
    expected = domains or tuple(parent for host in hosts if "." in (parent := host.partition(".")[2].rstrip(".")))
    if any(covers(name, domain) for name in names for domain in expected):
        return "domain"
    return "neither"


def presented_names(facts: CertificateFacts) -> tuple[str, ...]:
    """The names a certificate stands for: its alternative names, or the common name where it has none."""
    return facts.alternative_names or facts.common_names


def covers(name: str, host: str) -> bool:
    """True when a certificate's name stands for the host; ``*`` may stand for the whole left-most label only."""
    name, host = name.lower().rstrip("."), host.lower().rstrip(".")
    if name == host:
        return bool(host)
    if not name.startswith("*."):
        return False
    label, _, rest = host.partition(".")
    return bool(label) and "." in rest and rest == name[2:]
