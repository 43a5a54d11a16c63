"""The capture filter (pcap-filter(7)): mail ports and what may belong to them, so that the kernel drops the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable

FRAGMENTS = "(ip[6:2] & 0x1fff != 0 and ip proto 6) or ip6[6] = 44"
"""Later IPv4 fragments of TCP, which carry no port, and IPv6 packets with a fragment header (RFC 8200 section 4.5)."""


DNS = "port 53"
"""By UDP and TCP: the answers that name a session's server."""


def capture_filter(ports: Iterable[int], *, dns: bool = False, tagged: bool = True) -> str:
    """TCP of these ports in either direction, and fragments; ``dns``: port 53 too; ``tagged``: also behind one or two
    VLAN tags.

    ``vlan`` shifts the offsets of all that stands after it, so the tagged forms come last and nest.
    """
    wanted = " or ".join(f"tcp port {port}" for port in sorted(ports))
    plain = f"{wanted} or {DNS} or {FRAGMENTS}" if dns else f"{wanted} or {FRAGMENTS}"
    return f"{plain} or (vlan and ({plain} or (vlan and ({plain}))))" if tagged else plain
