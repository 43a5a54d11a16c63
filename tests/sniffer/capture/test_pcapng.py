"""pcapng: sections, interfaces, every packet block, damage."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from sniffer.capture.pcapng import PcapngReader
from sniffer.capture.records import PAD


def read(raw):
    reader = PcapngReader()
    found, used, damage = reader.read(np.frombuffer(raw + bytes(PAD), np.uint8), len(raw), 0)
    rows = [
        (int(time), bytes(part.buffer[at : at + size]), part.interfaces[index])
        for part in found
        for at, size, time, index in zip(
            part.at.tolist(),
            part.captured.tolist(),
            part.time,
            part.interface.tolist() if part.interface is not None else [0] * len(part),
            strict=True,
        )
    ]
    return rows, used, damage


@pytest.mark.parametrize("order", ["<", ">"])
def test_blocks_of_every_kind(wire, order):
    raw = (
        wire.section(order)
        + wire.interface(1, [(2, b"eth0"), (9, b"\x09")], order)
        + wire.block(4, b"names", order)
        + wire.enhanced(1_500_000_000_123_456_789, b"enhanced", 0, order)
        + wire.block(0x0BAD, b"custom", order)
        + wire.enhanced(1_500_000_001_000_000_000, b"obsolete", 0, order, kind=2)
        + wire.block(3, struct.pack(order + "I", 6) + b"simple", order)
        + wire.block(5, bytes(12), order)
    )
    rows, used, damage = read(raw)
    assert [(time, data) for time, data, _ in rows] == [
        (1_500_000_000_123_456_789, b"enhanced"),
        (1_500_000_001_000_000_000, b"obsolete"),
        (1_500_000_001_000_000_000, b"simple"),
    ]
    assert {interface.name for _, _, interface in rows} == {"eth0"}
    assert (used, damage) == (len(raw), None)


def test_sections_have_byte_order_and_interfaces_of_their_own(wire):
    raw = (
        wire.section("<")
        + wire.interface(1, [(2, b"a")])
        + wire.interface(101, [(2, b"b")])
        + wire.enhanced(5, b"one", 1)
        + wire.section(">")
        + wire.interface(113, [(2, b"c")], ">")
        + wire.enhanced(7, b"two", 0, ">")
    )
    rows, _, damage = read(raw)
    assert damage is None
    assert [(time, data, interface.name, interface.link_type) for time, data, interface in rows] == [
        (5000, b"one", "b", 101),
        (7000, b"two", "c", 113),
    ]


@pytest.mark.parametrize(
    ("resolution", "offset", "ticks", "expected"),
    [
        (b"\x06", 0, 1_796_083_200_000_001, 1_796_083_200_000_001_000),
        (b"\x03", 0, 1_796_083_200_007, 1_796_083_200_007_000_000),
        (b"\x00", 0, 1_796_083_200, 1_796_083_200_000_000_000),
        (b"\x0c", 0, 1_796_083_200_000_001_234, 1_796_083_200_000_001),
        (b"\x8a", 0, 1_796_083_200 << 10 | 512, 1_796_083_200_500_000_000),
        (b"\x06", 3600, 1_000_000, 3_601_000_000_000),
        (b"\x06", -1, 1_500_000, 500_000_000),
    ],
)
def test_resolution_and_offset(wire, resolution, offset, ticks, expected):
    options = [(9, resolution), (14, struct.pack("<q", offset))]
    rows, _, _ = read(wire.section() + wire.interface(1, options) + wire.enhanced(ticks, b"x"))
    assert rows[0][0] == expected


def test_simple_packets_are_cut_at_the_snaplen(wire):
    raw = wire.section() + wire.interface(1, snaplen=4) + wire.block(3, struct.pack("<I", 60) + b"abcd")
    assert [data for _, data, _ in read(raw)[0]] == [b"abcd"]


@pytest.mark.parametrize(
    "block",
    [
        struct.pack("<II", 6, 13) + bytes(40),
        struct.pack("<II", 6, 0xFFFFFFF0) + bytes(40),
        struct.pack("<II", 6, 0) + bytes(40),
        struct.pack("<IIIIIIII", 6, 32, 0, 0, 0, 9999, 9999, 32),
        struct.pack("<IIIIIIII", 6, 32, 7, 0, 0, 0, 0, 32),
        struct.pack("<IIIIIIII", 6, 32, 0, 0, 0, 0, 0, 36),
        struct.pack("<IIII", 6, 16, 0, 16),
        struct.pack("<IIII", 1, 16, 1, 16),
        struct.pack("<IIII", 0x0A0D0D0A, 28, 0xDEADBEEF, 28) + bytes(12),
    ],
)
def test_damage_ends_the_reading_after_what_stands_before(wire, block):
    start = wire.section() + wire.interface() + wire.enhanced(1, b"good")
    rows, used, damage = read(start + block)
    assert [data for _, data, _ in rows] == [b"good"]
    assert damage is not None
    assert damage.reason == "damaged_record"
    assert used == len(start)


def test_an_unfinished_block_waits_for_more(wire):
    raw = wire.section() + wire.interface() + wire.enhanced(1, b"good")
    for size in range(len(raw) - 35, len(raw)):
        rows, used, damage = read(raw[:size])
        assert (rows, damage) == ([], None)
        assert used == len(wire.section() + wire.interface())


def test_lanes_read_long_captures_whole(wire):
    frames = [(place, bytes([place & 255]) * (60 + place % 900)) for place in range(3000)]
    for order in "<>":
        raw = wire.pcapng(frames, order)
        assert len(raw) > 8 * 65536
        rows, used, damage = read(raw)
        assert [(time, data) for time, data, _ in rows] == frames
        assert (used, damage) == (len(raw), None)
