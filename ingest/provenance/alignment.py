"""Relaxed alignment (RFC 9989 §4.4): two domains of one organisation.

The organisational domain comes from the Public Suffix List that the package ``publicsuffixlist`` carries, private
suffixes included, so that two customers of one hosting domain are strangers. The tree walk of RFC 9989 would need more
lookups than a report's mail is worth, and differs only where a suffix itself publishes ``psd=``.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)


def domain_or_none(text: str) -> str | None:
    """The domain as ASCII labels, lower case, without a final dot; None when it is none."""
    text = text.strip().removesuffix(".").lower()
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return text if len(text) <= 253 and _DOMAIN.fullmatch(text) else None


def domain_of_address(address: str) -> str | None:
    """What stands behind the last ``@``; None when there is none or it is no domain."""
    _, at, domain = address.strip().removeprefix("mailto:").rpartition("@")
    return domain_or_none(domain) if at else None


@lru_cache(maxsize=4096)
def organisational_domain(domain: str) -> str:
    """The registered domain that ``domain`` lies in; itself when it is a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


def aligned(one: str, other: str) -> bool:
    """Whether two domains (as ``domain_or_none`` gives them) belong to one organisation."""
    return one == other or organisational_domain(one) == organisational_domain(other)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
