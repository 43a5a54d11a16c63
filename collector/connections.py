"""How many connections may be open: in all, and from one peer."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address


def peer_key(address: str | None) -> str:
    """What counts as one peer: an IPv4 address, an IPv6 /64 (one host can use all of it), or "" when unknown."""
    if not address:
        return ""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if ip.version == 4:
        return str(ip)
    mapped = ip.ipv4_mapped
    return str(mapped) if mapped else ip.packed[:8].hex()


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
