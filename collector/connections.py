"""How many connections may be open: in all, and from one peer."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@functools.lru_cache(1024)
def parse_peer(address: str | None) -> IPv4Address | IPv6Address | None:
    """A peer's address without its zone, IPv4 also where it came mapped into IPv6; None for a unix socket's."""
    try:
        ip = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def peer_key(address: str | None) -> str:
    """What counts as one peer: an IPv4 address, an IPv6 /64 (one host can use all of it), or "" when unknown."""
    ip = parse_peer(address)
    if isinstance(ip, IPv6Address):
        return ip.packed[:8].hex()
    return str(ip) if ip else ""


class Proxies:
    """The networks whose word about the true peer is believed; their own addresses say nothing about who fills them."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ip_network(network, strict=False) for network in networks)

    def __contains__(self, address: str | None) -> bool:
        if not self._networks:
            return False
        ip = parse_peer(address)
        return ip is not None and any(ip in network for network in self._networks)


class ConnectionLimits:
    """Counts open connections; an unknown peer (a unix socket) counts only in the total."""

    def __init__(self, total: int, per_peer: int) -> None:
        self._total = total
        self._per_peer = per_peer
        self._peers: Counter[str] = Counter()
        self.open = 0

    def admit(self, key: str) -> bool:
        """Count one more connection of this peer, unless that is one too many."""
        if self.open >= self._total or not self._admit_peer(key):
            return False
        self.open += 1
        return True

    def release(self, key: str) -> None:
        """An admitted connection ended."""
        self.open -= 1
        self._release_peer(key)

    def rename(self, old: str, new: str) -> bool:
        """A proxy named the true peer of an admitted connection; False (and nothing changes) when that peer has too many."""
        if not self._admit_peer(new):
            return False
        self._release_peer(old)
        return True

    def _admit_peer(self, key: str) -> bool:
        if key and self._peers[key] >= self._per_peer:
            return False
        if key:
            self._peers[key] += 1
        return True

    def _release_peer(self, key: str) -> None:
        if key:
            self._peers[key] -= 1
            if self._peers[key] <= 0:
                del self._peers[key]
