"""Packets and captures made from bytes, for every test of the packet engine."""

from __future__ import annotations

import io
import os
import random
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest

from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.settings import EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MILLISECOND = 1_000_000
START = 1_796_083_200_000_000_000
Frame = tuple[int, bytes]
"""Nanoseconds, bytes."""


@dataclass
class Dialogue:
    """One TCP connection, packet by packet."""

    client: tuple[str, int] = ("198.18.0.1", 40000)
    server: tuple[str, int] = ("192.0.2.25", 25)
    isn: tuple[int, int] = (1000, 9000)
    time: int = START
    step: int = MILLISECOND
    segment: int = 100
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seq = list(self.isn)

    def packet(self, side: int, data: bytes = b"", flags: int = ACK, seq: int | None = None) -> Dialogue:
        at = self.seq[side] if seq is None else seq
        ack = self.seq[1 - side] if flags & ACK else 0
        ends = (self.client, self.server) if side == 0 else (self.server, self.client)
        self.frames.append((self.time, Wire.ethernet(Wire.ip(*ends, Wire.tcp(ends[0][1], ends[1][1], at, ack, flags, data)))))
        self.time += self.step
        if seq is None:
            self.seq[side] = (at + len(data) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF
        return self

    def open(self) -> Dialogue:
        return self.packet(0, flags=SYN).packet(1, flags=SYN | ACK).packet(0)

    def say(self, side: int, data: bytes) -> Dialogue:
        for at in range(0, len(data), self.segment):
            self.packet(side, data[at : at + self.segment], PSH | ACK)
        return self

    def close(self, side: int = 0) -> Dialogue:
        return self.packet(side, flags=FIN | ACK).packet(1 - side, flags=FIN | ACK).packet(side)

    def wait(self, nanoseconds: int) -> Dialogue:
        self.time += nanoseconds
        return self


class Wire:
    """Headers and files from parts."""

    Dialogue = Dialogue
    START = START
    FIN, SYN, RST, ACK = FIN, SYN, RST, ACK

    @staticmethod
    def tcp(source: int, destination: int, seq: int, ack: int, flags: int, data: bytes = b"", options: bytes = b"") -> bytes:
        size = 20 + len(options)
        return struct.pack(">HHIIBBHHH", source, destination, seq & 0xFFFFFFFF, ack, size // 4 << 4, flags, 64240, 0, 0) + options + data

    @staticmethod
    def ip(
        source: tuple[str, int],
        destination: tuple[str, int],
        payload: bytes,
        protocol: int = 6,
        options: bytes = b"",
        before: bytes = b"",
        total: int | None = None,
    ) -> bytes:
        """IPv4 (with ``options``) or IPv6 (with extension headers ``before``, whose first number is ``protocol``)."""
        a, b = ip_address(source[0]).packed, ip_address(destination[0]).packed
        if len(a) == 4:
            size = 20 + len(options)
            length = size + len(payload) if total is None else total
            return struct.pack(">BBHHHBBH", 0x40 | size // 4, 0, length, 7, 0x4000, 64, protocol, 0) + a + b + options + payload
        length = len(before) + len(payload) if total is None else total
        return struct.pack(">IHBB", 0x60000000, length, protocol, 64) + a + b + before + payload

    @staticmethod
    def ethernet(packet: bytes, tags: Sequence[tuple[int, int]] = (), kind: int | None = None) -> bytes:
        words = b"".join(struct.pack(">HH", ethertype, vlan) for ethertype, vlan in tags)
        kind = kind if kind is not None else 0x0800 if packet[:1] and packet[0] >> 4 == 4 else 0x86DD
        return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + words + struct.pack(">H", kind) + packet

    @staticmethod
    def pcap(frames: Iterable[Frame], order: str = "<", nano: bool = True, link: int = 1, snaplen: int = 262144) -> bytes:
        unit = 1 if nano else 1000
        out = [struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link)]
        for time, data in frames:
            kept = data[:snaplen]
            out.append(struct.pack(order + "IIII", time // 10**9, time % 10**9 // unit, len(kept), len(data)) + kept)
        return b"".join(out)

    @staticmethod
    def block(kind: int, body: bytes, order: str = "<") -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    @classmethod
    def section(cls, order: str = "<") -> bytes:
        return cls.block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)

    @classmethod
    def interface(cls, link: int = 1, options: Sequence[tuple[int, bytes]] = (), order: str = "<", snaplen: int = 0) -> bytes:
        words = b"".join(struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options)
        return cls.block(1, struct.pack(order + "HHI", link, 0, snaplen) + words + (bytes(4) if words else b""), order)

    @classmethod
    def enhanced(cls, ticks: int, data: bytes, interface: int = 0, order: str = "<", kind: int = 6) -> bytes:
        number = struct.pack(order + "I", interface) if kind == 6 else struct.pack(order + "HH", interface, 0)
        return cls.block(kind, number + struct.pack(order + "IIII", ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)) + data, order)

    @classmethod
    def pcapng(cls, frames: Iterable[Frame], order: str = "<") -> bytes:
        """One interface with nanosecond resolution."""
        return cls.section(order) + cls.interface(1, [(9, b"\x09")], order) + b"".join(cls.enhanced(t, f, order=order) for t, f in frames)

    @staticmethod
    def read(capture: bytes, settings: EngineSettings | None = None, weird: Weird | None = None) -> list[Connection]:
        """All connections of a capture given as a pipe."""
        return list(read_connections(io.BytesIO(capture), settings=settings or EngineSettings(), weird=weird or Weird()))

    @staticmethod
    def damaged(capture: bytes) -> tuple[list[Connection], str | None]:
        """The connections of a damaged capture and the reason of the damage."""
        found: list[Connection] = []
        try:
            for connection in read_connections(io.BytesIO(capture), settings=EngineSettings(), weird=Weird()):
                found.append(connection)  # noqa: PERF402
        except CaptureError as error:
            return found, error.reason
        return found, None

    @staticmethod
    def session(number: int = 0, seed: int = 0) -> Dialogue:
        """A whole session of its own client, with a few hundred bytes a side."""
        rng = random.Random(number * 1000 + seed)
        family6 = number % 3 == 2
        client = (f"2001:db8::{number + 1:x}" if family6 else f"198.18.{number >> 8}.{number & 255}", 20000 + number)
        server = ("2001:db8:ffff::25" if family6 else "192.0.2.25", 25)
        isn = rng.getrandbits(32), rng.getrandbits(32)
        talk = Dialogue(client, server, isn, START + number * 7 * MILLISECOND, segment=rng.choice((3, 40, 500)))
        return (
            talk.open()
            .say(1, b"220 mx.example ESMTP\r\n")
            .say(0, b"EHLO c\r\n")
            .say(1, rng.randbytes(300))
            .say(0, rng.randbytes(700))
            .close(1)
        )


@pytest.fixture(scope="session")
def wire() -> type[Wire]:
    """Makers of packets and captures."""
    return Wire


@pytest.fixture(scope="session")
def sample_pcaps() -> Path:
    """The folder of sample captures; skips without STRIPWATCH_SAMPLES."""
    folder = os.environ.get("STRIPWATCH_SAMPLES")
    if not folder:
        pytest.skip("STRIPWATCH_SAMPLES is not set")
    return Path(folder) / "pcaps"
