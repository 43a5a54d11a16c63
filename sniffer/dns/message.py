"""A whole answer, read by dnspython: only those that can tell of mail come here."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.message
import dns.rdatatype

_POLICIES = ("v=tlsrptv1", "v=stsv1")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said of one name. Names are in lower case, without the last dot."""

    values: frozenset[str]
    """MX: host names; A and AAAA: addresses; TLSA: records as text; TXT: policies. Empty: there is none."""
    ttl: int
    """Seconds."""
    addresses: tuple[tuple[str, str], ...] = ()
    """(host, address) pairs that an MX answer brought along."""


def read_answer(data: bytes) -> Answer | None:
    """The answer to the message's own question, its CNAMEs followed; None when the bytes are none. Never raises."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=True)
        if not isinstance(message, dns.message.QueryMessage):
            return None
        chain = message.resolve_chaining()
        kind = message.question[0].rdtype
        records = list(chain.answer) if chain.answer is not None else []
        values = frozenset(value for record in records if (value := _value(kind, record)))
        return Answer(values, max(0, chain.minimum_ttl), _brought(message, values) if kind == dns.rdatatype.MX else ())
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return None


def _value(kind: int, record: Any) -> str:
    if kind == dns.rdatatype.MX:
        return _text(record.exchange)  # a null MX (RFC 7505) has no name
    if kind == dns.rdatatype.TXT:
        text = b"".join(record.strings).decode("ascii", "backslashreplace")
        return text if text.lower().startswith(_POLICIES) else ""
    return str(record.to_text())


def _brought(message: dns.message.QueryMessage, hosts: frozenset[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for rrset in message.additional:
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA) and (host := _text(rrset.name)) in hosts:
            found += [(host, record.to_text()) for record in rrset]
    return tuple(found)


def _text(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower().rstrip(".")
