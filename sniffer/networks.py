"""A set of IP networks with a cached membership test."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Literal

Direction = Literal["inbound", "outbound", "external"]
_KEPT = 65536


class Networks:
    """Networks in CIDR notation. Raises ValueError when one of them is none."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = [ip_network(network, strict=False) for network in networks]
        self.holds = lru_cache(_KEPT)(self._holds)

    def _holds(self, address: str) -> bool:
        packed = ip_address(address)
        return any(packed in network for network in self._networks)

    def direction(self, client: str, server: str) -> Direction:
        """Of a session, when these networks are ours. One between two of ours comes in to our server: it is inbound."""
        if self.holds(server):
            return "inbound"
        return "outbound" if self.holds(client) else "external"
