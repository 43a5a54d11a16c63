"""Community ID flow hash, version 1 (Corelight, 2018), of TCP connections with seed 0.

The same value that Zeek, Suricata and Elastic put into ``network.community_id``: SHA-1 over seed, the lower end's
address, the higher one's, protocol, a zero byte and both ports, in Base64.
"""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha1
from struct import Struct

from sniffer.addresses import packed

_TCP = b"\x06\x00"
_ports = Struct(">HH").pack


def community_id(source: str, source_port: int, destination: str, destination_port: int) -> str:
    """The id of a TCP connection; the same for both directions. ValueError when an address is none."""
    low, high = packed(source), packed(destination)
    low_port, high_port = source_port, destination_port
    if (low, low_port) > (high, high_port):
        low, low_port, high, high_port = high, high_port, low, low_port
    words = b"\0\0" + low + high + _TCP + _ports(low_port, high_port)
    return "1:" + b2a_base64(sha1(words, usedforsecurity=False).digest(), newline=False).decode("ascii")
