"""Classic captures: headers, record walk, damage."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from sniffer.capture import pcap
from sniffer.capture.records import PAD
from sniffer.errors import CutShort, NotACapture


def buffer(raw):
    return np.frombuffer(raw + bytes(PAD), np.uint8)


def body(wire, count, order="<", seed=1):
    rng = random.Random(seed)
    frames = [(wire.START + place * 10**6, rng.randbytes(rng.choice((14, 60, 700, 1500)))) for place in range(count)]
    return wire.pcap(frames, order)[24:], frames


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [True, False])
def test_the_file_header(wire, order, nano):
    fmt = pcap.read_header(wire.pcap([], order, nano, link=101, snaplen=128))
    assert (fmt.order, fmt.unit, fmt.header) == (order, 1 if nano else 1000, 16)
    assert (fmt.interface.link_type, fmt.interface.snaplen, fmt.largest) == (101, 128, pcap.LARGEST)


def test_the_link_type_is_the_lower_half(wire):
    head = bytearray(wire.pcap([]))
    head[20:24] = struct.pack("<I", 0x14000001)
    assert pcap.read_header(bytes(head)).interface.link_type == 1


def test_a_short_or_foreign_header(wire):
    with pytest.raises(CutShort):
        pcap.read_header(wire.pcap([])[:23])
    with pytest.raises(NotACapture):
        pcap.read_header(struct.pack("<IHHiIII", 0xA1B2C3D4, 9, 9, 0, 0, 65535, 1))


@pytest.mark.parametrize("order", ["<", ">"])
def test_lanes_find_what_a_plain_loop_finds(wire, order):
    raw, frames = body(wire, 2000, order)
    fmt = pcap.read_header(wire.pcap([], order))
    found = pcap.find(fmt, buffer(raw), len(raw))
    plain = pcap._plain(fmt, buffer(raw), len(raw))
    assert len(raw) > 8 * 65536
    assert pcap._lanes(fmt, buffer(raw), len(raw)) is not None
    assert found.at.tolist() == plain.at.tolist()
    assert (len(found.at), found.next, found.damaged) == (len(frames), len(raw), False)


def test_a_window_that_ends_anywhere(wire):
    raw, frames = body(wire, 900)
    fmt = pcap.read_header(wire.pcap([]))
    for size in [*range(len(raw) - 60, len(raw)), len(raw) - 1501, 300_001]:
        found = pcap.find(fmt, buffer(raw[:size]), size)
        plain = pcap._plain(fmt, buffer(raw[:size]), size)
        assert (found.at.tolist(), found.next, found.damaged) == (plain.at.tolist(), plain.next, False)
    assert len(frames) == 900


def test_an_absurd_length_is_damage_and_costs_nothing(wire):
    raw, _ = body(wire, 900)
    fmt = pcap.read_header(wire.pcap([]))
    bad = raw + struct.pack("<IIII", 1, 0, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(5000)
    found = pcap.find(fmt, buffer(bad), len(bad))
    assert (len(found.at), found.next, found.damaged) == (900, len(raw), True)


def test_a_capture_inside_a_capture_leads_nobody_astray(wire):
    """Packets that carry records of another capture: wrong guesses, right chain."""
    inner, _ = body(wire, 40, seed=7)
    frames = [(wire.START + place, inner[place : place + 60_000]) for place in range(40)]
    raw = wire.pcap(frames)[24:]
    fmt = pcap.read_header(wire.pcap([]))
    assert pcap.find(fmt, buffer(raw), len(raw)).at.tolist() == pcap._plain(fmt, buffer(raw), len(raw)).at.tolist()


def test_a_record_in_the_middle_is_found(wire):
    raw, frames = body(wire, 2000)
    fmt = pcap.read_header(wire.pcap([]))
    positions = pcap._plain(fmt, buffer(raw), len(raw)).at.tolist()
    start = len(raw) // 2
    at, time = pcap.first_record(fmt, raw[start:], raw[:16])
    assert start + at in positions
    assert time == frames[positions.index(start + at)][0]
    assert pcap.first_record(fmt, random.Random(3).randbytes(100_000), raw[:16]) is None
