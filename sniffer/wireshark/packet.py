"""One packet of tshark's JSON → facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sniffer.wireshark.facts import Packet, TextPiece, TlsPiece
from sniffer.wireshark.tls_layer import tls_piece
from sniffer.wireshark.tree import Fields, Node, Raw, as_number, listed, nodes, raws_of

SHOWN = "frame vlan ieee8021ad ip ipv6 tcp smtp pop imap tls"
"""The layers that tshark is asked to show in full."""
_NO_INTERFACE = "unknown"
"""Wireshark's name for an interface whose capture gives it none."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_packet(layers: Node) -> Packet | None:
    """The facts of a packet's layers; None for one that is no whole TCP segment."""
    frame, tcp = layers.get("frame"), _last(layers, "tcp")
    if not isinstance(frame, dict) or tcp is None:
        return None
    network = _network(layers, frame)
    found = [as_number(tcp.get(f"tcp.{name}")) for name in ("stream", "srcport", "dstport", "seq_raw", "flags", "len")]
    if network is None or None in found:
        return None
    stream, sport, dport, seq, flags, length = (value or 0 for value in found)
    source, destination = network
    return Packet(
        stream=stream,
        time=nanoseconds(str(frame.get("frame.time_epoch", "0"))),
        source=(source, sport),
        destination=(destination, dport),
        seq=seq,
        ack=as_number(tcp.get("tcp.ack_raw")) or 0,
        flags=flags,
        length=length,
        payload=next((raw.data for raw in raws_of(tcp.get("tcp.payload_raw"))), b""),
        vlan=_vlan(layers),
        interface=_interface(frame),
        pieces=tuple(_pieces(layers)),
    )


def nanoseconds(text: str) -> int:
    """ "1796083200.000001000" as nanoseconds since the epoch, or "2026-12-01T00:00:00.000001000Z" as Wireshark 4.6 has it.

    A year that has more than four digits is taken for the last one that has not.
    """
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return (_seconds(whole) if "T" in whole else int(whole)) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])


def _seconds(moment: str) -> int:
    try:
        found = datetime.fromisoformat(f"{moment}+00:00")
    except ValueError:
        found = datetime.max.replace(tzinfo=UTC)
    return (found - _EPOCH) // timedelta(seconds=1)


def _last(layers: Node, name: str) -> Node | None:
    """Of nested headers the innermost."""
    found = nodes(layers, name)
    return found[-1] if found else None


def _network(layers: Node, frame: Node) -> tuple[str, str] | None:
    """Source and destination of the innermost IP header."""
    protocols = str(frame.get("frame.protocols", "")).split(":")
    inner = next((name for name in reversed(protocols) if name in ("ip", "ipv6")), "ip")
    header = _last(layers, inner) or {}
    source, destination = header.get(f"{inner}.src"), header.get(f"{inner}.dst")
    return (source, destination) if isinstance(source, str) and isinstance(destination, str) else None


def _vlan(layers: Node) -> int | None:
    """The outermost tag."""
    tags = [(node, name) for name in ("ieee8021ad", "vlan") for node in nodes(layers, name)]
    return as_number(tags[0][0].get(f"{tags[0][1]}.id")) if tags else None


def _interface(frame: Node) -> str | None:
    name = next(iter(Fields(frame).texts("frame.interface_name")), None)
    return None if name == _NO_INTERFACE else name


def _pieces(layers: Node) -> list[TextPiece | TlsPiece]:
    pieces: list[TextPiece | TlsPiece] = []
    for name in layers:
        if name in ("smtp", "pop", "imap"):
            pieces += [TextPiece(raw.data, repeats=name == "imap") for raw, _ in _layers(layers, name)]
        elif name == "tls":
            pieces += [tls_piece(raw.data, node) for raw, node in _layers(layers, name)]
    return pieces


def _layers(layers: Node, name: str) -> list[tuple[Raw, Node]]:
    """The layers of one name with their bytes. A dissector that made nothing of its bytes leaves a text."""
    branches = [node if isinstance(node, dict) else {} for node in listed(layers[name])]
    return list(zip(raws_of(layers.get(f"{name}_raw")), branches, strict=False))
