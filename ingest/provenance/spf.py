"""SPF of the envelope's sender (RFC 7208), for report mails without an aligned DKIM signature.

pyspf reads the policies; its lookups go through our resolver, which bounds their number and time.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import spf

from ingest.provenance.alignment import domain_of_address, domain_or_none
from ingest.provenance.errors import LookupRefused, NameNotFound, TemporaryDnsFailure
from ingest.provenance.resolver import RecordKind, Resolver

_KINDS: dict[str, RecordKind] = {"TXT": "TXT", "A": "A", "AAAA": "AAAA", "MX": "MX", "PTR": "PTR"}
_SPF_ERRORS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What pyspf has been seen to raise on policies that it cannot read; RFC 7208 calls all of it permerror."""


@dataclass(frozen=True, slots=True)
class SpfResult:
    """``word``: RFC 7208 §2.6: pass, fail, softfail, neutral, none, permerror, temperror. ``domain``: whose policy."""

    word: str
    domain: str | None


def check_spf(peer: str | None, mail_from: str | None, helo: str | None, resolver: Resolver) -> SpfResult:
    """For a null sender the HELO name is the identity (RFC 7208 §2.4). Never raises for what a sender wrote."""
    sender = (mail_from or "").strip().strip("<>")
    name = domain_or_none(helo or "")
    domain = domain_of_address(sender) if sender else name
    try:
        address = ip_address(peer or "")
    except ValueError:
        return SpfResult("none", domain)
    if domain is None or not sender.isascii():
        return SpfResult("none", domain)
    try:
        query = _Query(resolver, i=str(address), s=sender, h=name or domain)
        word = str(query.check()[0])
    except TooSlow:
        return SpfResult("temperror", domain)
    except (LookupRefused, spf.PermError, *_SPF_ERRORS):
        return SpfResult("permerror", domain)
    return SpfResult(word, domain)


class TooSlow(Exception):
    """A lookup failed for now; not one of pyspf's own errors, so that it ends the whole check."""


class _Query(spf.query):  # type: ignore[misc]
    """pyspf's query, asking our resolver."""

    def __init__(self, resolver: Resolver, **names: Any) -> None:
        super().__init__(**names)
        self._resolver = resolver

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        """pyspf's form of records: TXT a tuple of byte strings, MX (preference, host), others text."""
        values: tuple[bytes, ...] = ()
        kind = _KINDS.get(qtype)
        asked = domain_or_none(str(name))
        if kind is not None and asked is not None:
            try:
                values = self._resolver.lookup(asked, kind)
            except NameNotFound:
                values = ()
            except TemporaryDnsFailure as error:
                raise TooSlow(asked) from error
        if not values and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} lookups without an answer")
        return [_record(qtype, value) for value in values]


def _record(qtype: str, value: bytes) -> Any:
    if qtype == "TXT":
        return (value,)
    text = value.decode("ascii", "replace")
    if qtype == "MX":
        preference, _, host = text.partition(" ")
        return int(preference), host
    return text
