"""Addresses as reports write them, to canonical text."""

from __future__ import annotations

import ipaddress
import re

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_canonical_ipv4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII).fullmatch
_padded_ipv4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII).fullmatch
_GROUP = "[1-9a-f][0-9a-f]{0,3}+"
_canonical_ipv6 = re.compile(
    rf"{_GROUP}(?::{_GROUP}){{0,5}}::(?:{_GROUP}(?::{_GROUP}){{0,5}})?|{_GROUP}(?::{_GROUP}){{7}}", re.ASCII
).fullmatch
"""The usual forms that RFC 5952 leaves as they are: no group is zero but those behind ``::``."""
_LEAST_ZEROS = 2
"""Groups that ``::`` stands for: one alone is written 0 (RFC 5952 §4.2.2)."""
_LONGEST = 64


def canonical_address(text: str | None) -> str | None:
    """IPv4 dotted, IPv6 as RFC 5952 writes it; None when it is no address.

    Brackets, a zone and zero-padded octets (read as decimal) are passed over; an IPv4-mapped address becomes IPv4.
    """
    if not text or _canonical_ipv4(text) or _is_canonical_ipv6(text):
        return text or None
    text = text.strip().strip("[]").partition("%")[0]
    if len(text) > _LONGEST:
        return None
    if _padded_ipv4(text):
        text = ".".join(str(int(octet)) for octet in text.split("."))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _is_canonical_ipv6(text: str) -> bool:
    """Whether it is surely canonical; many canonical ones are not told."""
    if _canonical_ipv6(text) is None:
        return False
    before, shortened, after = text.partition("::")
    groups = before.count(":") + 1 + (after.count(":") + 1 if after else 0)
    return not shortened or groups <= 8 - _LEAST_ZEROS
