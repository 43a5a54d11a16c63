"""Frames, and capture files, to connections: any bytes, in one window or in many."""

from __future__ import annotations

import gzip
import io
import random
import struct
from collections.abc import Hashable
from dataclasses import replace

from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.packets.link import SUPPORTED
from sniffer.settings import EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird
from tests.fuzz.target import Target
from tests.sniffer.conftest import Wire
from tests.sniffer.mirrors import MIRRORS, in_fragments

LINKS = sorted(SUPPORTED)
PORTS = frozenset({25, 465, 110, 143})
WHOLE = EngineSettings(ports=PORTS)
EVER = (1 << 63) - 1
TIMELESS = EngineSettings(
    ports=PORTS, linger=EVER, tombstone=EVER, syn_timeout=EVER, patience=EVER, idle_timeout=EVER, fragment_timeout=EVER
)
"""Changed bytes of a file change its times too: windows of it end at other times, which is not what is looked for."""
DISORDER = random.Random(1)


def read(stream: io.BytesIO, settings: EngineSettings) -> Hashable:
    """The connections by their beginning, and the reason why the capture could not be read to its end."""
    found: list[Connection] = []
    reason = None
    try:
        for connection in read_connections(stream, settings=settings, weird=Weird()):
            found.append(connection)  # noqa: PERF402  what came before the damage counts
    except CaptureError as error:
        reason = error.reason
    return tuple(sorted(found, key=repr)), reason


class Pieces(io.BytesIO):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes, rng: random.Random) -> None:
        super().__init__(data)
        self._rng = rng

    def read(self, size: int | None = -1, /) -> bytes:
        most = self._rng.choice((1, 7, 100, 5000))
        return super().read(most if size is None or size < 0 else min(size, most))

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def read_file(data: bytes) -> Hashable:
    return read(io.BytesIO(data), TIMELESS)


def read_file_again(data: bytes, rng: random.Random) -> Hashable:
    return read(Pieces(data, rng), replace(TIMELESS, chunk=rng.choice((1, 300, 3000, 1 << 20))))


# frames: a byte for the link type, then (length, frame)…, a millisecond apart


def pack_frames(link: int, frames: list[bytes]) -> bytes:
    return bytes((LINKS.index(link),)) + b"".join(struct.pack(">H", len(frame)) + frame for frame in frames)


def as_capture(data: bytes) -> bytes:
    link, at, frames = LINKS[data[0] % len(LINKS)] if data else 1, 1, []
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2])
        frames.append((Wire.START + at * 1_000_000, data[at + 2 : at + 2 + size]))
        at += 2 + size
    return Wire.pcap(frames, link=link)


def answer_frames(data: bytes) -> Hashable:
    return read(io.BytesIO(as_capture(data)), WHOLE)


def answer_frames_again(data: bytes, rng: random.Random) -> Hashable:
    return read(io.BytesIO(as_capture(data)), replace(WHOLE, chunk=rng.choice((1, 200, 2000))))


def talks() -> list[list[bytes]]:
    """Frames of sessions: in order, shaken, and two at once."""
    plain = [[frame for _, frame in Wire.session(number, number).frames] for number in range(6)]
    shaken = [sorted(frames, key=lambda _: DISORDER.random()) for frames in plain]
    short = [
        frame for _, frame in Wire.Dialogue(segment=9).open().say(1, b"220 mx ESMTP\r\n").say(0, b"EHLO c\r\nSTARTTLS\r\n").close().frames
    ]
    return [*plain, *shaken, short, [frame for pair in zip(plain[0], plain[1], strict=False) for frame in pair]]


def fragments(frame: bytes) -> list[bytes]:
    """An IPv4 frame in fragments of 16 bytes."""
    head, body = bytearray(frame[14:34]), frame[34:]
    found = []
    for at in range(0, len(body), 16):
        part = body[at : at + 16]
        head[2:4] = (20 + len(part)).to_bytes(2)
        head[6:8] = (at // 8 | (0x2000 if at + 16 < len(body) else 0)).to_bytes(2)
        found.append(frame[:14] + bytes(head) + part)
    return found


def wrapped_talks() -> list[bytes]:
    """The same segments behind every header that we step over."""
    frames = [frame for _, frame in Wire.session(0, 0).frames]
    packets = [frame[14:] for frame in frames]
    tagged = [Wire.ethernet(packet, [(0x88A8, 7), (0x8100, 9)]) for packet in packets]
    pppoe = [Wire.ethernet(b"\x11\0\0\x07\0\x40\0\x21" + packet, kind=0x8864) for packet in packets]
    mpls = [Wire.ethernet(struct.pack(">I", 17 << 12 | 0x140) + packet, kind=0x8847) for packet in packets]
    mirrored = [[mirror(frame) for frame in frames] for mirror in MIRRORS.values()]
    cut = [[part for frame in whole[:6] for part in in_fragments(frame, 48)] for whole in mirrored[:3]]
    ethernet = [tagged, pppoe, mpls, *mirrored, *cut]
    others = [
        pack_frames(101, packets),
        pack_frames(113, [bytes(14) + b"\x08\0" + packet for packet in packets]),
        pack_frames(276, [b"\x08\0" + bytes(18) + packet for packet in packets]),
        pack_frames(0, [b"\x02\0\0\0" + packet for packet in packets]),
        pack_frames(9, [b"\xff\x03\0\x21" + packet for packet in packets]),
    ]
    return (
        [pack_frames(1, found) for found in ethernet]
        + [pack_frames(1, [part for frame in frames[:6] for part in fragments(frame)])]
        + others
    )


def frame_seeds() -> list[bytes]:
    return [pack_frames(1, frames) for frames in talks()] + wrapped_talks()


def timed(frames: list[bytes]) -> list[tuple[int, bytes]]:
    return [(Wire.START + place * 1_000_000, frame) for place, frame in enumerate(frames)]


def pcap_seeds() -> list[bytes]:
    made = [Wire.pcap(timed(frames), order, nano) for frames in talks()[:4] for order in "<>" for nano in (True, False)]
    return made + [gzip.compress(one, mtime=0) for one in made[:2]]


def pcapng_seeds() -> list[bytes]:
    made = [Wire.pcapng(timed(frames), order) for frames in talks()[:4] for order in "<>"]
    two = made[0] + made[1]
    simple = Wire.section() + Wire.interface(1) + b"".join(Wire.block(3, struct.pack("<I", len(f)) + f) for f in talks()[0])
    return [*made, two, simple]


FLAGS = tuple(bytes((0x50, flags)) for flags in (2, 18, 16, 17, 4, 24))
FRAMES = Target(
    "frames",
    frame_seeds,
    answer_frames,
    answer_frames_again,
    (b"\x08\0", b"\x86\xdd", b"\x81\0\0\x07", b"\x88\x47", b"\x88\x64", b"\x45\0", b"\0\x19", b"\x12\xb5", b"\xff\xff", *FLAGS),
)
PCAP = Target(
    "pcap",
    pcap_seeds,
    read_file,
    read_file_again,
    (
        b"\xd4\xc3\xb2\xa1",
        b"\xa1\xb2\xc3\xd4",
        b"\x4d\x3c\xb2\xa1",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\xff\xff\xff\x7f",
        b"\x1f\x8b\x08\0",
    ),
)
PCAPNG = Target(
    "pcapng",
    pcapng_seeds,
    read_file,
    read_file_again,
    (
        b"\x0a\x0d\x0d\x0a",
        b"\x4d\x3c\x2b\x1a",
        b"\x06\0\0\0",
        b"\x01\0\0\0",
        b"\x03\0\0\0",
        b"\xff\xff\xff\xff",
        b"\x09\0\x01\0\x89",
        b"\0\0\0\0",
    ),
)
