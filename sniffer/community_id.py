"""Community ID flow hash, version 1 (Corelight, 2018), of TCP connections with seed 0.

The same value that Zeek, Suricata and Elastic put into ``network.community_id``: SHA-1 over seed, the lower end's
address, the higher one's, protocol, a zero byte and both ports, in Base64.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha1
from ipaddress import ip_address

_TCP = b"\x06\x00"


def community_id(source: str, source_port: int, destination: str, destination_port: int) -> str:
    """The id of a TCP connection; the same for both directions. ValueError when an address is none."""
    ends = sorted(((_packed(source), source_port), (_packed(destination), destination_port)))
    (low, low_port), (high, high_port) = ends
    words = b"\0\0" + low + high + _TCP + low_port.to_bytes(2, "big") + high_port.to_bytes(2, "big")
    return "1:" + b64encode(sha1(words, usedforsecurity=False).digest()).decode("ascii")


@lru_cache(65536)
def _packed(address: str) -> bytes:
    return ip_address(address).packed
