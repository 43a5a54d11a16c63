"""Addresses as both stores compare them: 128-bit numbers, IPv4 mapped into ``::ffff:0:0/96`` (RFC 4291 §2.5.5.2).

Elasticsearch's ``ip`` type is built so; DuckDB's column of 16 bytes follows it, so ``::/0`` holds IPv4 on both.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_MAPPED = 0xFFFF << 32
_IPV4_LAST = 0xFFFFFFFF


parsed_address = lru_cache(maxsize=8_192)(ip_address)
"""The address as a number with its version. Raises ValueError."""


@lru_cache(maxsize=8_192)
def canonical_address(text: str) -> str:
    """Canonical text (RFC 5952; a mapped IPv4 address as IPv4). Raises ValueError, also for a scope id."""
    address = parsed_address(text)
    if isinstance(address, IPv4Address):
        return text  # there is one way to write it
    if address.scope_id is not None:
        raise ValueError(f"{text!r} has a scope id")
    return _text(int(address))


@lru_cache(maxsize=8_192)
def address_bytes(text: str) -> bytes:
    """16 bytes, big-endian: their order is the addresses' order."""
    return _number(parsed_address(text)).to_bytes(16, "big")


def network_span(text: str) -> tuple[str, str]:
    """First and last address of a network, as canonical text. Host bits are allowed; a bare address is its own
    network. Raises ValueError."""
    network = ip_network(text, strict=False)
    return _text(_number(network[0])), _text(_number(network[-1]))


def canonical_network(text: str) -> str:
    """The network's own text, host bits cleared, always with its prefix length. Raises ValueError."""
    return str(ip_network(text, strict=False))


def _number(address: IPv4Address | IPv6Address) -> int:
    return _MAPPED | int(address) if isinstance(address, IPv4Address) else int(address)


def _text(number: int) -> str:
    if number >> 32 == 0xFFFF:
        return str(IPv4Address(number & _IPV4_LAST))
    return str(IPv6Address(number))
