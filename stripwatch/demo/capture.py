"""A capture file from conversations: TCP over IPv4/IPv6 over Ethernet, written as pcapng with named interfaces."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10
SEGMENT_BYTES = 1400


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: microseconds since the epoch, interface number, bytes."""

    at: int
    interface: int
    data: bytes


@dataclass(slots=True)
class Conversation:
    """One TCP connection being written. Times are microseconds since the epoch; each turn costs ``turn_us``."""

    client: str
    client_port: int
    server: str
    server_port: int
    at: int
    interface: int = 0
    turn_us: int = 18_000
    frames: list[Frame] = field(default_factory=list)
    _sequence: dict[bool, int] = field(default_factory=dict)

    def open(self) -> Conversation:
        self._sequence = {True: self.client_port * 7919 & 0xFFFFFFFF, False: self.client_port * 104729 & 0xFFFFFFFF}
        self._emit(True, b"", SYN)
        self._emit(False, b"", SYN | ACK)
        self._emit(True, b"", ACK)
        return self

    def say(self, from_client: bool, data: bytes) -> Conversation:
        """One side sends; large writes go out in several segments."""
        self.at += self.turn_us
        for start in range(0, len(data), SEGMENT_BYTES):
            self._emit(from_client, data[start : start + SEGMENT_BYTES], PSH | ACK)
        return self

    def lines(self, *turns: str) -> Conversation:
        """A dialogue: each turn is "C: text" or "S: text"; "|" stands between the lines of one turn."""
        for turn in turns:
            side, text = turn.split(": ", 1)
            self.say(side == "C", "".join(f"{line}\r\n" for line in text.split("|")).encode())
        return self

    def close(self) -> Conversation:
        for from_client, flags in ((True, FIN | ACK), (False, FIN | ACK), (True, ACK)):
            self.at += self.turn_us // 3
            self._emit(from_client, b"", flags)
        return self

    def _emit(self, from_client: bool, data: bytes, flags: int) -> None:
        self.at += 40
        self.frames.append(Frame(self.at, self.interface, self._frame(from_client, data, flags)))
        self._sequence[from_client] = (self._sequence[from_client] + len(data) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF

    def _frame(self, from_client: bool, data: bytes, flags: int) -> bytes:
        ends = (self.client, self.client_port), (self.server, self.server_port)
        (source, source_port), (target, target_port) = ends if from_client else ends[::-1]
        acknowledged = self._sequence[not from_client] if flags & ACK else 0
        tcp = struct.pack(">HHIIBBHHH", source_port, target_port, self._sequence[from_client], acknowledged, 0x50, flags, 64240, 0, 0)
        return _ip(source, target, tcp + data)


def _ip(source: str, target: str, tcp: bytes) -> bytes:
    ends = ipaddress.ip_address(source).packed, ipaddress.ip_address(target).packed
    pseudo = ends[0] + ends[1] + struct.pack(">IBBBB", len(tcp), 0, 0, 0, 6)
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp)) + tcp[18:]
    ethernet = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01"
    if len(ends[0]) == 16:
        return ethernet + b"\x86\xdd" + struct.pack(">IHBB", 0x60000000, len(tcp), 6, 60) + ends[0] + ends[1] + tcp
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 60, 6, 0, *ends)
    return ethernet + b"\x08\x00" + head[:10] + struct.pack(">H", _checksum(head)) + head[12:] + tcp


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data[: len(data) & ~1]))
    if len(data) & 1:
        total += data[-1] << 8
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def pcapng(frames: Iterable[Frame], interfaces: Sequence[str]) -> bytes:
    """The capture file: one section, the named interfaces (Ethernet), frames in time order."""
    blocks = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for name in interfaces:
        option = name.encode()
        blocks.append(_block(1, struct.pack("<HHI", 1, 0, 262144) + struct.pack("<HH", 2, len(option)) + _padded(option) + bytes(4)))
    for frame in sorted(frames, key=lambda frame: frame.at):
        head = struct.pack("<IIIII", frame.interface, frame.at >> 32, frame.at & 0xFFFFFFFF, len(frame.data), len(frame.data))
        blocks.append(_block(6, head + _padded(frame.data)))
    return b"".join(blocks)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) & 3)
