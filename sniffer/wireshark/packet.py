"""One packet of tshark's JSON → facts."""

from __future__ import annotations

from typing import Any

from sniffer.wireshark.facts import Packet, SmtpPiece, TlsPiece
from sniffer.wireshark.tls_layer import tls_piece
from sniffer.wireshark.tree import Node, Raw, nodes, number, raws, values

SHOWN = "frame vlan ieee8021ad ip ipv6 tcp smtp tls"
"""The layers that tshark is asked to show in full."""


def read_packet(layers: Node) -> Packet | None:
    """The facts of a packet's layers; None for one that is no whole TCP segment."""
    frame, tcp = layers.get("frame"), _last(layers, "tcp")
    if not isinstance(frame, dict) or tcp is None:
        return None
    network = _network(layers, frame)
    found = [number(tcp, f"tcp.{name}") for name in ("stream", "srcport", "dstport", "seq_raw", "flags", "len")]
    if network is None or None in found:
        return None
    stream, sport, dport, seq, flags, length = (value or 0 for value in found)
    source, destination = network
    return Packet(
        stream=stream,
        number=number(frame, "frame.number") or 0,
        time=nanoseconds(frame.get("frame.time_epoch", "0")),
        source=(source, sport),
        destination=(destination, dport),
        seq=seq,
        ack=number(tcp, "tcp.ack_raw") or 0,
        flags=flags,
        length=length,
        captured=sum(raw.size for raw in raws(tcp, "tcp.payload")[:1]),
        vlan=_vlan(layers),
        interface=next(iter(values(frame, "frame.interface_name")), None),
        pieces=tuple(_pieces(layers)),
    )


def nanoseconds(text: str) -> int:
    """ "1796083200.000001000" as nanoseconds since the epoch."""
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)


def _last(layers: Node, name: str) -> Node | None:
    """Of nested headers the innermost."""
    found = nodes(layers, name)
    return found[-1] if found else None


def _network(layers: Node, frame: Node) -> tuple[str, str] | None:
    """Source and destination of the innermost IP header."""
    protocols = str(frame.get("frame.protocols", "")).split(":")
    inner = next((name for name in reversed(protocols) if name in ("ip", "ipv6")), "ip")
    header = _last(layers, inner)
    if header is None:
        return None
    source, destination = values(header, f"{inner}.src"), values(header, f"{inner}.dst")
    return (source[0], destination[0]) if source and destination else None


def _vlan(layers: Node) -> int | None:
    """The innermost tag."""
    tags = [found for name in ("ieee8021ad", "vlan") for node in nodes(layers, name) for found in _tag(node)]
    return tags[-1] if tags else None


def _tag(node: Node) -> list[int]:
    return numbers_of(node, "vlan.id") or numbers_of(node, "ieee8021ad.id")


def numbers_of(node: Node, name: str) -> list[int]:
    """The field's first number, if it has one."""
    found = number(node, name)
    return [] if found is None else [found]


def _pieces(layers: Node) -> list[SmtpPiece | TlsPiece]:
    pieces: list[SmtpPiece | TlsPiece] = []
    for name in layers:
        if name == "smtp":
            pieces += [_smtp_piece(raw, node) for raw, node in _layers(layers, name)]
        elif name == "tls":
            pieces += [tls_piece(raw.data, node) for raw, node in _layers(layers, name)]
    return pieces


def _layers(layers: Node, name: str) -> list[tuple[Raw, Node]]:
    """The layers of one name with their bytes. A dissector that made nothing of its bytes leaves a text."""
    value: Any = layers[name]
    found = raws({f"{name}_raw": layers.get(f"{name}_raw")}, name)
    branches = [node if isinstance(node, dict) else {} for node in (value if isinstance(value, list) else [value])]
    return list(zip(found, branches, strict=False))


def _smtp_piece(whole: Raw, node: Node) -> SmtpPiece:
    spans = [(raw.at - whole.at, raw.size) for raw in raws(node, "smtp.command_line")]
    inside = [(at, size) for at, size in spans if at >= 0 and at + size <= len(whole.data)]
    return SmtpPiece(whole.data, tuple(sorted(inside)), "smtp.eom" in node)
