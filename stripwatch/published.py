"""The DNS records that make reporters send: which a domain has, and the ones it lacks, ready to paste.

RFC 8460 §3 (``_smtp._tls``), RFC 9989/7489 (``_dmarc``), RFC 9990 §4 (``_report._dmarc`` where reports go to another
organisation), RFC 8461 §3.1 (``_mta-sts``: without a policy TLS reporters have little to tell). Pure: lookups come in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

Lookup = Callable[[str], tuple[str, ...] | None]
"""TXT records of a name; empty when it has none; None when the DNS did not answer."""
Aligned = Callable[[str, str], bool]
"""Whether two domains belong to one organisation."""
Ours = Callable[[str], bool]
"""Whether we take mail to an address."""

_RUA = re.compile(r"\brua\s*=\s*([^;]*)", re.IGNORECASE)
_ADDRESS = re.compile(r"mailto:([^@,;!\s]+@([^,;!\s?]+))", re.IGNORECASE)
_HTTPS = re.compile(r"https:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """One name that was asked. ``record`` is the zone line to publish when ``state`` is missing, incomplete or elsewhere
    (its reports don't come to us)."""

    state: Literal["published", "missing", "incomplete", "elsewhere", "unanswered"]
    name: str
    says: str
    record: str = ""
    note: str = ""
    """What else the record needs, or where it goes."""


def published(domain: str, tls_address: str, dmarc_address: str, lookup: Lookup, aligned: Aligned, ours: Ours) -> Iterator[RecordFinding]:
    """What ``domain`` publishes. The addresses are ours, for the records that are to be pasted."""
    domain = domain.lower().rstrip(".")
    yield _led_to(tls_address, ours, _one(f"_smtp._tls.{domain}", "v=tlsrptv1", f"v=TLSRPTv1; rua=mailto:{tls_address}", lookup))
    dmarc = _one(f"_dmarc.{domain}", "v=dmarc1", f"v=DMARC1; p=none; rua=mailto:{dmarc_address}", lookup)
    yield _led_to(dmarc_address, ours, dmarc)
    if dmarc.state == "published":
        for other in sorted({other for _, other in _ADDRESS.findall(dmarc.says)}):
            if not aligned(domain, other):
                consent = _one(f"{domain}._report._dmarc.{other.lower()}", "v=dmarc1", "v=DMARC1", lookup, wants_address=False)
                yield replace(consent, note=f"in the zone of {other.lower()}: it agrees to take the reports") if consent.record else consent
    policy = _one(f"_mta-sts.{domain}", "v=stsv1", "v=STSv1; id=1", lookup, wants_address=False)
    if policy.state == "missing":
        says = "no MTA-STS policy: without one (or DANE) TLS reporters have little to tell"
        note = (
            f"with the policy itself at https://mta-sts.{domain}/.well-known/mta-sts.txt (deploy/dns-records.md); a new id at each change"
        )
        policy = replace(policy, says=says, note=note)
    yield policy


def _one(name: str, version: str, wanted: str, lookup: Lookup, wants_address: bool = True) -> RecordFinding:
    texts = lookup(name)
    if texts is None:
        return RecordFinding("unanswered", name, "the DNS did not answer")
    found = [text for text in texts if text.lower().replace(" ", "").startswith(version)]
    if len(found) > 1:
        return RecordFinding("incomplete", name, f"{len(found)} records: reporters ignore all of them; keep one")
    if not found:
        return RecordFinding("missing", name, "not published", _line(name, wanted))
    if wants_address and not re.search(r"\brua\s*=", found[0], re.IGNORECASE):
        address = wanted.rpartition(";")[2].strip()
        return RecordFinding("incomplete", name, f"names no rua address: {found[0]}", _line(name, f"{found[0].rstrip('; ')}; {address}"))
    return RecordFinding("published", name, found[0])


def _led_to(address: str, ours: Ours, found: RecordFinding) -> RecordFinding:
    """The same, or ``elsewhere`` when what is published leads no report to us. Where an https URI leads cannot be told
    from here."""
    rua = _RUA.search(found.says) if found.state == "published" else None
    if rua is None or _HTTPS.search(rua[1]) or any(ours(unquote(mailbox)) for mailbox, _ in _ADDRESS.findall(rua[1])):
        return found
    uris = ",".join(uri for uri in (rua[1].strip(), f"mailto:{address}") if uri)
    record = _line(found.name, f"{found.says[: rua.start(1)]}{uris}{found.says[rua.end() :]}")
    return replace(found, state="elsewhere", says=f"leads to no address that we take mail for: {found.says}", record=record)


def _line(name: str, text: str) -> str:
    """As a zone file has it (RFC 1035 section 5.1)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}.  IN TXT  "{escaped}"'
