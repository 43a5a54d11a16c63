"""The capture filter (pcap-filter(7)): mail ports and what may belong to them, so that the kernel drops the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sniffer.packets import tunnels

_LATER = "ip[6:2] & 0x1fff != 0"
_IP6_FRAGMENT = "ip6[6] = 44"
"""IPv6 packets with a fragment header (RFC 8200 section 4.5)."""
_CARRIERS = " or ".join(f"ip proto {number} or ip6 proto {number}" for number in tunnels.PROTOCOLS)
_UDP_TUNNELS = " or ".join(f"udp dst port {port}" for port in tunnels.PORTS)
_LABELLED = "ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864"
"""MPLS and PPPoE. libpcap's own words for them would shift the offsets of all that stands after."""
DNS = "port 53"
"""By UDP and TCP: the answers that name a session's server."""


def capture_filter(ports: Iterable[int], *, dns: bool = False, tagged: bool = True, wrapped: bool = False) -> str:
    """TCP of these ports in either direction, and later fragments, which carry no port; ``dns``: port 53 too; ``tagged``:
    also behind one or two VLAN tags; ``wrapped``: also all that may be in tunnels, MPLS or PPPoE, whatever its ports.

    ``vlan`` shifts the offsets of all that stands after it, so the tagged forms come last and nest.
    """
    wanted = [f"tcp port {port}" for port in sorted(ports)]
    if dns:
        wanted.append(DNS)
    if wrapped:
        wanted += [_CARRIERS, _UDP_TUNNELS, _LABELLED, f"({_LATER} and (ip proto 6 or ip proto 17))"]
    else:
        wanted.append(f"({_LATER} and ip proto 6)")
    plain = " or ".join([*wanted, _IP6_FRAGMENT])
    return f"{plain} or (vlan and ({plain} or (vlan and ({plain}))))" if tagged else plain
