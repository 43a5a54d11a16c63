"""What a lossy, one-eyed or short-sighted tap makes of the same traffic: damage to a capture, seeded and repeatable.

    python -m bench.damage IN.pcap OUT.pcap DAMAGE [--seed 1]

IN is a capture of bench/make_pcap.py (pcap, microseconds, little-endian, Ethernet). Damages are those of DAMAGES.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
MAIL_PORTS = frozenset({25, 465, 587, 2525})
SHORT_SNAPLEN = 96
BURST_PACKETS = 10
"""Mean length of a burst of loss."""
LONGEST_HOLE = 6
"""Packets of one connection that go missing in a row."""


class Frame(NamedTuple):
    time: int
    """Microseconds since the epoch."""
    size: int
    """Bytes on the wire, of which ``data`` may be fewer."""
    data: bytes


class Segment(NamedTuple):
    """Where the parts of a TCP frame stand, by offset into it."""

    flow: bytes
    """The same for both directions."""
    to_server: bool
    ip: int
    tcp: int
    payload: int
    end: int


Damage = Callable[[list[Frame], random.Random], list[Frame]]


def read_frames(path: Path) -> list[Frame]:
    data, at, found = path.read_bytes(), HEADER.size, []
    while at < len(data):
        second, micro, kept, size = RECORD.unpack_from(data, at)
        at += RECORD.size
        found.append(Frame(second * 1_000_000 + micro, size, data[at : at + kept]))
        at += kept
    return found


def write_frames(path: Path, frames: Iterable[Frame]) -> None:
    with path.open("wb") as out:
        out.write(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        out.writelines(RECORD.pack(f.time // 1_000_000, f.time % 1_000_000, len(f.data), f.size) + f.data for f in frames)


def segment_of(data: bytes) -> Segment | None:
    """The TCP segment of mail in an Ethernet frame, through VLAN tags; None for anything else."""
    at = 12
    while data[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    kind, ip = data[at : at + 2], at + 2
    if kind == b"\x08\x00" and data[ip + 9] == 6:
        tcp, ends = ip + 20, data[ip + 12 : ip + 20]
        end = ip + int.from_bytes(data[ip + 2 : ip + 4])
    elif kind == b"\x86\xdd" and data[ip + 6] == 6:
        tcp, ends = ip + 40, data[ip + 8 : ip + 40]
        end = tcp + int.from_bytes(data[ip + 4 : ip + 6])
    else:
        return None
    source, destination = struct.unpack_from(">HH", data, tcp)
    if not {source, destination} & MAIL_PORTS:
        return None
    half = len(ends) // 2
    near, far = ends[:half] + data[tcp : tcp + 2], ends[half:] + data[tcp + 2 : tcp + 4]
    to_server = destination in MAIL_PORTS
    return Segment(near + far if to_server else far + near, to_server, ip, tcp, tcp + (data[tcp + 12] >> 4) * 4, end)


def loss(share: float, frames: list[Frame], rng: random.Random) -> list[Frame]:
    """Each packet is lost by itself."""
    return [frame for frame in frames if rng.random() >= share]


def bursts(share: float, frames: list[Frame], rng: random.Random) -> list[Frame]:
    """The same share is lost, in runs (Gilbert's model)."""
    ends, begins = 1 / BURST_PACKETS, share / (1 - share) / BURST_PACKETS
    losing, kept = False, []
    for frame in frames:
        losing = rng.random() >= ends if losing else rng.random() < begins
        if not losing:
            kept.append(frame)
    return kept


def one_side(to_server: bool, frames: list[Frame], _rng: random.Random) -> list[Frame]:
    """The tap sees only what goes to the servers, or only what comes from them."""
    return [frame for frame in frames if (found := segment_of(frame.data)) is None or found.to_server is to_server]


def either_side(frames: list[Frame], rng: random.Random) -> list[Frame]:
    """Asymmetric routes: of each connection one side is seen, or both."""
    seen: dict[bytes, bool | None] = {}

    def stays(frame: Frame) -> bool:
        found = segment_of(frame.data)
        side = found and seen.setdefault(found.flow, rng.choice((True, False, None)))
        return found is None or side is None or found.to_server is side

    return [frame for frame in frames if stays(frame)]


def of_each(choose: Callable[[int, random.Random], range], frames: list[Frame], rng: random.Random) -> list[Frame]:
    """Of each connection only the packets at the places chosen by ``choose(packets, rng)`` are lost."""
    flows: dict[bytes, list[int]] = defaultdict(list)
    for place, frame in enumerate(frames):
        if found := segment_of(frame.data):
            flows[found.flow].append(place)
    gone = {places[n] for places in flows.values() for n in choose(len(places), rng)}
    return [frame for place, frame in enumerate(frames) if place not in gone]


def hole(packets: int, rng: random.Random) -> range:
    first = rng.randrange(packets)
    return range(first, min(packets, first + rng.randint(1, LONGEST_HOLE)))


def beginning(packets: int, rng: random.Random) -> range:
    return range(rng.randrange(packets))


def ending(packets: int, rng: random.Random) -> range:
    return range(rng.randrange(1, packets + 1), packets)


def snaplen(size: int, frames: list[Frame], _rng: random.Random) -> list[Frame]:
    return [frame._replace(data=frame.data[:size]) for frame in frames]


def reordered(share: float, frames: list[Frame], rng: random.Random) -> list[Frame]:
    """Packets of mail come up to 30 ms late, so behind those that followed them."""
    late = [f._replace(time=f.time + rng.randrange(30_000)) if rng.random() < share else f for f in frames]
    return sorted(late, key=lambda frame: frame.time)


def overlapping(share: float, frames: list[Frame], rng: random.Random) -> list[Frame]:
    """Packets come again, whole or from some byte in their middle, or are cut in two that overlap."""
    found = []
    for frame in frames:
        part = segment_of(frame.data)
        if part is None or rng.random() >= share:
            found.append(frame)
            continue
        size = part.end - part.payload
        first, last = (rng.randrange(size), rng.randint(1, size)) if size > 1 else (0, size)
        pieces = rng.choice((((0, size), (first, size)), ((0, size), (0, size)), ((0, max(first, last)), (min(first, last), size))))
        found += [_piece(frame, part, *piece)._replace(time=frame.time + n * rng.randrange(20_000)) for n, piece in enumerate(pieces)]
    return sorted(found, key=lambda frame: frame.time)


def _piece(frame: Frame, part: Segment, first: int, last: int) -> Frame:
    """A frame with bytes ``first`` to ``last`` of the segment's payload. Its checksums are left as they were."""
    data = bytearray(frame.data[: part.payload] + frame.data[part.payload + first : part.payload + last])
    sequence = int.from_bytes(data[part.tcp + 4 : part.tcp + 8]) + first & 0xFFFFFFFF
    data[part.tcp + 4 : part.tcp + 8] = sequence.to_bytes(4)
    if last < part.end - part.payload:
        data[part.tcp + 13] &= ~1  # the FIN goes with the last byte
    if data[part.ip] >> 4 == 4:
        data[part.ip + 2 : part.ip + 4] = (len(data) - part.ip).to_bytes(2)
    else:
        data[part.ip + 4 : part.ip + 6] = (len(data) - part.tcp).to_bytes(2)
    return Frame(frame.time, len(data), bytes(data))


def each_of(*damages: Damage) -> Damage:
    def all_of_them(frames: list[Frame], rng: random.Random) -> list[Frame]:
        for damage in damages:
            frames = damage(frames, rng)
        return frames

    return all_of_them


DAMAGES: dict[str, Damage] = {
    "loss-0.1%": partial(loss, 0.001),
    "loss-1%": partial(loss, 0.01),
    "loss-5%": partial(loss, 0.05),
    "loss-20%": partial(loss, 0.2),
    "bursts-1%": partial(bursts, 0.01),
    "bursts-5%": partial(bursts, 0.05),
    "bursts-20%": partial(bursts, 0.2),
    "hole-in-each": partial(of_each, hole),
    "clients-only": partial(one_side, True),
    "servers-only": partial(one_side, False),
    "one-way-routes": each_of(either_side, partial(loss, 0.05)),
    "midstream": partial(of_each, beginning),
    "cut-off": partial(of_each, ending),
    "snaplen-96": partial(snaplen, SHORT_SNAPLEN),
    "snaplen-and-loss": each_of(partial(snaplen, 2 * SHORT_SNAPLEN), partial(loss, 0.05)),
    "reordered": partial(reordered, 0.2),
    "overlapping": partial(overlapping, 0.3),
    "everything": each_of(partial(overlapping, 0.2), partial(reordered, 0.1), partial(loss, 0.05), partial(of_each, hole)),
}


def damaged(frames: list[Frame], name: str, seed: int = 1) -> list[Frame]:
    """The frames after the damage of that name."""
    return DAMAGES[name](frames, random.Random(seed))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.damage", description=__doc__.splitlines()[0])
    parser.add_argument("capture", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("damage", choices=DAMAGES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    write_frames(given.out, damaged(read_frames(given.capture), given.damage, given.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
