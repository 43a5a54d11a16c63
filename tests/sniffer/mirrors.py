"""The same frames as mirrors of clouds and switches deliver them: each in a tunnel, and in fragments of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count

from tests.sniffer.conftest import Wire

_ENDS = ("10.0.0.1", 0), ("10.0.0.2", 0)
_ENDS6 = ("2001:db8::1", 0), ("2001:db8::2", 0)
_ERSPAN_2 = struct.pack(">HHI", 0x1000 | 7, 0x1805, 9)
_ids = count(1)

Mirror = Callable[[bytes], bytes]
"""An Ethernet frame → the frame that a tap gets."""


def udp(port: int, data: bytes) -> bytes:
    return struct.pack(">HHHH", 50000, port, 8 + len(data), 0) + data


def gre(kind: int, data: bytes, flags: int = 0, fields: bytes = b"") -> bytes:
    return struct.pack(">HH", flags, kind) + fields + data


def outside(data: bytes, protocol: int) -> bytes:
    return Wire.ethernet(Wire.ip(*_ENDS, data, protocol))


def erspan_3(data: bytes, kind: int = 0, more: bytes = b"") -> bytes:
    header = struct.pack(">HHIHH", 0x2000 | 7, 0x0005, 12345, 0, kind << 10 | bool(more))
    return gre(0x22EB, header + more + data, 0x1000, struct.pack(">I", 1))


def packet_of(frame: bytes) -> bytes:
    """The IP packet of a frame with tags or none."""
    at = 12
    while frame[at : at + 2] in (b"\x81\0", b"\x88\xa8"):
        at += 4
    return frame[at + 2 :]


def kind_of(frame: bytes) -> int:
    return 0x0800 if packet_of(frame)[0] >> 4 == 4 else 0x86DD


MIRRORS: dict[str, Mirror] = {
    "vxlan": lambda frame: outside(udp(4789, b"\x08\0\0\0\0\0\x07\0" + frame), 17),
    "vxlan-of-linux": lambda frame: outside(udp(8472, b"\x08\0\0\0\0\0\x07\0" + frame), 17),
    "vxlan-over-ipv6": lambda frame: Wire.ethernet(Wire.ip(*_ENDS6, udp(4789, b"\x08\0\0\0\0\0\x07\0" + frame), 17)),
    "geneve": lambda frame: outside(udp(6081, b"\0\0\x65\x58\0\0\x07\0" + frame), 17),
    "geneve-with-options": lambda frame: outside(udp(6081, b"\x04\0\x65\x58\0\0\x07\0" + b"\x01\x08\x01\x03" + bytes(12) + frame), 17),
    "geneve-with-ip": lambda frame: outside(
        udp(6081, struct.pack(">BBHI", 2, 0, kind_of(frame), 0x700) + b"\x01\x08\x01\x01" + bytes(4) + packet_of(frame)), 17
    ),
    "gre-with-ethernet": lambda frame: outside(gre(0x6558, frame, 0x2000, b"\0\0\0\x07"), 47),
    "gre-with-ip": lambda frame: outside(gre(kind_of(frame), packet_of(frame)), 47),
    "gre-with-mpls": lambda frame: outside(gre(0x8847, struct.pack(">I", 17 << 12 | 0x140) + packet_of(frame)), 47),
    "ip-in-ip": lambda frame: outside(packet_of(frame), 4 if kind_of(frame) == 0x0800 else 41),
    "erspan-1": lambda frame: outside(gre(0x88BE, frame), 47),
    "erspan-2": lambda frame: outside(gre(0x88BE, _ERSPAN_2 + frame, 0x1000, struct.pack(">I", 1)), 47),
    "erspan-3": lambda frame: outside(erspan_3(frame), 47),
    "erspan-3-with-more": lambda frame: outside(erspan_3(frame, more=bytes(8)), 47),
    "erspan-3-with-ip": lambda frame: outside(erspan_3(packet_of(frame), kind=2), 47),
    "tzsp": lambda frame: outside(udp(37008, b"\x01\0\0\x01\x01" + frame), 17),
    "tzsp-with-fields": lambda frame: outside(udp(37008, b"\x01\x01\0\x01\0\x0a\x01\xc4\0\x29\x02\x05\xea\x01" + frame), 17),
    "vxlan-in-gre": lambda frame: outside(gre(0x0800, packet_of(MIRRORS["vxlan"](frame))), 47),
}


def in_fragments(frame: bytes, size: int = 600) -> list[bytes]:
    """The outer packet in fragments of ``size`` bytes (a multiple of eight), under an identification of its own."""
    head, kind, raw = frame[:12], frame[12:14], frame[14:]
    four = kind == b"\x08\0"
    body, number = raw[20 if four else 40 :], next(_ids) & 0xFFFF
    found = []
    for at in range(0, len(body), size):
        part, more = body[at : at + size], at + size < len(body)
        if four:
            fields = struct.pack(">HHH", 20 + len(part), number, at >> 3 | more << 13)
            packet = raw[:2] + fields + raw[8:20] + part
        else:
            packet = raw[:4] + struct.pack(">HB", 8 + len(part), 44) + raw[7:40] + struct.pack(">BBHI", raw[6], 0, at | more, number) + part
        found.append(head + kind + packet)
    return found
