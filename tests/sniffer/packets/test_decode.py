"""Every road from a link layer to a TCP segment: links, tags, labels, options, extension headers, tunnels, fragments."""

from __future__ import annotations

import struct
from dataclasses import fields

import numpy as np
import pytest

from sniffer.capture.records import HEAD, PAD, Interface, Records, View
from sniffer.packets.columns import Columns
from sniffer.packets.decode import Decoder
from sniffer.settings import EngineSettings
from sniffer.weird import Weird
from tests.sniffer.mirrors import MIRRORS, erspan_3, gre, in_fragments, outside, udp

A4, B4 = ("198.18.0.1", 40000), ("192.0.2.25", 25)
A6, B6 = ("2001:db8::1", 40000), ("2001:db8:ffff::25", 25)
SEEDS = (11, 22, 33, 44)


def records_of(frames, link=1, captured=None):
    raw = b"".join(frames)
    at = np.cumsum([0, *map(len, frames)])[:-1].astype(np.int64)
    size = np.array([len(frame) if captured is None else min(captured, len(frame)) for frame in frames], np.int64)
    time = np.arange(len(frames), dtype=np.int64) * 1000
    return Records(np.frombuffer(raw + bytes(PAD), np.uint8), at, size, time, None, [Interface(link)])


def decode(frames, link=1, captured=None, settings=None):
    weird = Weird()
    records = records_of(frames, link, captured)
    return Decoder(settings or EngineSettings(), SEEDS, weird).decode(records), records, weird


def payloads(decoded, records):
    columns, aside = decoded
    return [
        bytes(records.buffer[at : at + size]) if at >= 0 else aside.data[-1 - at]
        for at, size in zip(columns.data.tolist(), columns.captured.tolist(), strict=True)
    ]


def one(frames, link=1, **options):
    """The only segment's payload."""
    decoded, records, weird = decode(frames, link, **options)
    assert decoded is not None, weird.nonzero()
    (found,) = payloads(decoded, records)
    return found


def segment(wire, data=b"220 mx\r\n", family=4, options=b""):
    a, b = (A4, B4) if family == 4 else (A6, B6)
    return wire.tcp(b[1], a[1], 9001, 1001, 24, data, options)


def packet(wire, family=4, **headers):
    a, b = (A4, B4) if family == 4 else (A6, B6)
    return wire.ip(b, a, segment(wire, family=family), **headers)


HELLO = b"220 mx\r\n"


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    ("link", "before"),
    [
        (101, lambda family: b""),
        (12, lambda family: b""),
        (14, lambda family: b""),
        (0, lambda family: struct.pack("<I", 2 if family == 4 else 24)),
        (0, lambda family: struct.pack(">I", 2 if family == 4 else 30)),
        (108, lambda family: struct.pack(">I", 2 if family == 4 else 28)),
        (113, lambda family: bytes(14) + (b"\x08\x00" if family == 4 else b"\x86\xdd")),
        (276, lambda family: (b"\x08\x00" if family == 4 else b"\x86\xdd") + bytes(18)),
        (9, lambda family: b"\xff\x03\x00" + (b"\x21" if family == 4 else b"\x57")),
        (9, lambda family: b"\x00" + (b"\x21" if family == 4 else b"\x57")),
        (9, lambda family: b"\x21" if family == 4 else b"\x57"),
        (50, lambda family: b"\xff\x03\x00" + (b"\x21" if family == 4 else b"\x57")),
        (51, lambda family: b"\x11\x00\x00\x07\x00\x40\x00" + (b"\x21" if family == 4 else b"\x57")),
    ],
)
def test_links(wire, link, before, family):
    assert one([before(family) + packet(wire, family)], link) == HELLO


def test_links_of_one_version(wire):
    assert one([packet(wire, 4)], 228) == HELLO
    assert one([packet(wire, 6)], 229) == HELLO


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    "tags",
    [[(0x8100, 100)], [(0x88A8, 7), (0x8100, 100)], [(0x9100, 7), (0x9100, 8), (0x8100, 9)], [(0x8100, vlan) for vlan in (7, 8, 9, 10)]],
)
def test_tags(wire, tags, family):
    decoded, records, _ = decode([wire.ethernet(packet(wire, family), tags)])
    assert payloads(decoded, records) == [HELLO]
    assert decoded[0].vlan.tolist() == [tags[0][1]]


def test_too_many_tags(wire):
    decoded, _, weird = decode([wire.ethernet(packet(wire), [(0x8100, 1)] * 5)])
    assert (decoded, weird.nested_too_deep) == (None, 1)


def test_pppoe_and_labels(wire):
    pppoe = b"\x11\x00\x00\x07\x00\x40\x00\x21" + packet(wire)
    assert one([wire.ethernet(pppoe, kind=0x8864)]) == HELLO
    labels = struct.pack(">II", 16 << 12 | 64, 17 << 12 | 0x100 | 64)
    assert one([wire.ethernet(labels + packet(wire, 6), kind=0x8847)]) == HELLO
    assert one([wire.ethernet(labels + packet(wire), [(0x8100, 5)], kind=0x8847)]) == HELLO
    deep = struct.pack(">I", 16 << 12) * 9
    assert decode([wire.ethernet(deep + packet(wire), kind=0x8847)])[2].nested_too_deep == 1


def test_options_and_padding(wire):
    frame = wire.ethernet(wire.ip(B4, A4, segment(wire, options=b"\x01" * 12), options=b"\x01" * 8)) + b"padding"
    assert one([frame]) == HELLO


@pytest.mark.parametrize("family", [4, 6])
def test_a_length_of_zero_means_all_that_is_there(wire, family):
    assert one([wire.ethernet(packet(wire, family, total=0))]) == HELLO


def test_extension_headers(wire):
    hop = bytes([60, 0]) + bytes(6)
    destination = bytes([51, 1]) + bytes(14)
    authentication = bytes([6, 4]) + bytes(22)
    assert one([wire.ethernet(packet(wire, 6, protocol=0, before=hop + destination + authentication))]) == HELLO
    endless = (bytes([60, 0]) + bytes(6)) * 9
    assert decode([wire.ethernet(packet(wire, 6, protocol=60, before=endless))])[2].nested_too_deep == 1


@pytest.mark.parametrize("name", MIRRORS)
@pytest.mark.parametrize("family", [4, 6])
def test_tunnels(wire, name, family):
    mirror = MIRRORS[name]
    assert one([mirror(wire.ethernet(packet(wire, family)))]) == HELLO
    assert one(in_fragments(mirror(wire.ethernet(packet(wire, family))), 16)) == HELLO
    tagged = decode([mirror(wire.ethernet(packet(wire, family), [(0x88A8, 7), (0x8100, 9)]))])[0][0]
    assert tagged.vlan.tolist() == [-1 if "ip" in name.replace("ipv6", "") or "mpls" in name else 7]


def test_bare_tunnels_of_either_family(wire):
    ends = ("203.0.113.1", 0), ("203.0.113.2", 0)
    inner4, inner6 = packet(wire, 4), packet(wire, 6)
    keyed = struct.pack(">HHII", 0xB000, 0x86DD, 0, 5) + bytes(4)
    for outer in (
        wire.ip(*ends, keyed + inner6, protocol=47),
        wire.ip(("2001:db8::7", 0), ("2001:db8::8", 0), inner4, protocol=4),
        wire.ip(*ends, wire.ip(*ends, inner4, protocol=4), protocol=4),
    ):
        assert one([wire.ethernet(outer)]) == HELLO
    third = wire.ip(*ends, wire.ip(*ends, wire.ip(*ends, inner4, protocol=4), protocol=4), protocol=4)
    assert decode([wire.ethernet(third)])[2].nested_too_deep == 1


@pytest.mark.parametrize("name", MIRRORS)
def test_tunnels_cut_anywhere(wire, name):
    frame = MIRRORS[name](wire.ethernet(packet(wire)))
    for size in range(len(frame) - len(HELLO)):
        decoded, _, weird = decode([frame], captured=size)
        assert (decoded, weird.truncated_header) == (None, 1)
    assert one([frame], captured=len(frame) - len(HELLO) + 3) == b"220"


def test_the_outermost_tag_counts(wire):
    inner = wire.ethernet(packet(wire), [(0x8100, 9)])
    for tags, expected in (([], 9), ([(0x8100, 5)], 5)):
        frame = MIRRORS["vxlan"](inner)
        outer = wire.ethernet(frame[14:], tags)
        assert decode([outer, wire.ethernet(packet(wire))])[0][0].vlan.tolist() == [expected, -1]
        decoded, records, _ = decode([wire.ethernet(packet(wire), [(0x8100, 3)]), *in_fragments(frame, 32)])
        assert decoded[0].vlan.tolist() == [3, 9]
        assert payloads(decoded, records) == [HELLO] * 2


def test_tunnels_of_other_versions_are_left_alone(wire):
    inner = wire.ethernet(packet(wire))
    for other in (
        udp(6081, b"\x40\0\x65\x58\0\0\x07\0" + inner),
        udp(37008, b"\x02\0\0\x01\x01" + inner),
        udp(37008, b"\x01\x03\0\x01\x01" + inner),
        udp(37008, b"\x01\0\0\x12\x01" + inner),
        udp(37008, b"\x01\0\0\x01" + b"\x0a\x01\x07" * 9 + b"\x01" + inner),
        udp(4790, b"\x08\0\0\0\0\0\x07\0" + inner),
    ):
        assert decode([outside(other, 17)])[0] is None
    for other in (gre(0x6558, inner, 1), gre(0x6558, inner, 0x4000), gre(0x88BD, inner), erspan_3(inner, kind=1)):
        assert decode([outside(other, 47)])[0] is None


def test_fragments_of_other_datagrams_are_not_kept(wire):
    """Without its first fragment nobody knows what UDP carries."""
    frames = in_fragments(outside(udp(2049, b"x" * 900), 17)) + in_fragments(outside(b"x" * 900, 50))
    decoder = Decoder(EngineSettings(), SEEDS, Weird())
    assert decoder.decode(records_of(frames)) is None
    assert not decoder.waits
    first, *rest = in_fragments(MIRRORS["vxlan"](wire.ethernet(packet(wire))), 32)
    for pieces in ([*rest, first], [first]):
        decoded, _, weird = decode(pieces)
        assert (decoded, weird.fragments) == (None, 1)
    gre_pieces = in_fragments(MIRRORS["erspan-2"](wire.ethernet(packet(wire))), 32)
    assert one(gre_pieces[::-1]) == HELLO


def test_fragments_within_fragments_of_a_tunnel(wire):
    inner = in_fragments(wire.ethernet(packet(wire)), 16)
    pieces = [piece for frame in inner for piece in in_fragments(MIRRORS["vxlan"](frame), 24)]
    decoded, records, _ = decode([*pieces, wire.ethernet(packet(wire))])
    assert payloads(decoded, records) == [HELLO] * 2
    columns, aside = decoded
    assert columns.time.tolist() == [(len(pieces) - 1) * 1000, len(pieces) * 1000]
    assert bytes(aside.ends[-1 - columns.source[0]])[:8] == bytes(records.buffer[columns.source[1] :][:8])
    assert len(set(columns.key.tolist())) == 1


def test_any_bytes_in_tunnels(wire):
    rng = np.random.default_rng(4)
    frames = []
    for mirror in MIRRORS.values():
        for tags in ([], [(0x8100, 1)]):
            frame = mirror(wire.ethernet(packet(wire), tags))
            for _ in range(60):
                broken = bytearray(frame)
                for spot in rng.integers(14, len(frame), 3):
                    broken[spot] = rng.integers(0, 256)
                frames += [bytes(broken), *in_fragments(bytes(broken), 32)]
    for captured in (None, 70, 50):
        decode(frames, captured=captured)


def fragments4(wire, sizes, data=b"x" * 400):
    whole = wire.tcp(25, 40000, 1, 1, 24, data)
    frames, at = [], 0
    for size in sizes:
        piece = whole[at : at + size]
        raw = bytearray(wire.ip(B4, A4, piece))
        raw[6:8] = struct.pack(">H", at // 8 | (0x2000 if at + size < len(whole) else 0))
        frames.append(wire.ethernet(bytes(raw)))
        at += size
    return frames


def test_ipv4_fragments_in_any_order(wire):
    frames = fragments4(wire, (8, 24, 160, 400))
    assert one(frames) == b"x" * 400
    assert one(frames[::-1]) == b"x" * 400
    decoded, _, weird = decode(frames[1:])
    assert (decoded, weird.fragments) == (None, 3)


def test_ipv6_fragments(wire):
    whole = wire.tcp(25, 40000, 1, 1, 24, b"y" * 100)
    cuts = [(0, 64), (64, len(whole))]
    frames = [
        wire.ethernet(wire.ip(B6, A6, whole[a:b], protocol=44, before=struct.pack(">BBHI", 6, 0, a | (b < len(whole)), 99)))
        for a, b in cuts
    ]
    assert one(frames) == b"y" * 100


def test_a_fragmented_flow_is_the_same_flow(wire):
    """Segments out of fragments have the key, side and order of the plain ones."""
    for family, a, b in ((4, A4, B4), (6, A6, B6)):
        plain = wire.ethernet(wire.ip(b, a, wire.tcp(25, 40000, 1, 1, 24, b"one")))
        whole = wire.tcp(25, 40000, 4, 1, 24, b"two" * 20)
        if family == 4:
            pieces = fragments4(wire, (24, 100), b"two" * 20)
        else:
            heads = [struct.pack(">BBHI", 6, 0, 1, 5), struct.pack(">BBHI", 6, 0, 24, 5)]
            parts = (whole[:24], whole[24:])
            pieces = [wire.ethernet(wire.ip(b, a, part, protocol=44, before=head)) for part, head in zip(parts, heads, strict=True)]
        back = wire.ethernet(wire.ip(a, b, wire.tcp(40000, 25, 1, 64, 24, b"three")))
        (columns, aside), records, _ = decode([plain, *pieces, back])
        assert payloads((columns, aside), records) == [b"one", b"two" * 20, b"three"]
        assert len(set(columns.key.tolist())) == 1
        assert columns.side[0] == columns.side[1] != columns.side[2]
        assert columns.time.tolist() == [0, 2000, 3000]


def test_only_mail_ports_and_whole_headers(wire):
    web = wire.ethernet(wire.ip(A4, B4, wire.tcp(40000, 80, 1, 1, 24, b"GET /")))
    udp = wire.ethernet(wire.ip(A4, B4, struct.pack(">HHHH", 25, 25, 8, 0), protocol=17))
    arp = wire.ethernet(bytes(46), kind=0x0806)
    assert decode([web, udp, arp])[0] is None
    frame = wire.ethernet(packet(wire))
    for size in range(54):
        decoded, _, weird = decode([frame], captured=size)
        assert decoded is None
        assert weird.truncated_header == 1
    assert one([frame], captured=54 + 3) == b"220"


@pytest.mark.parametrize("at", [14, 46])
@pytest.mark.parametrize("value", [0x40, 0x4F, 0x00, 0xFF, 0x10])
def test_impossible_header_lengths(wire, at, value):
    frame = bytearray(wire.ethernet(wire.ip(B4, A4, wire.tcp(25, 40000, 1, 1, 24, b""))))
    frame[at] = value
    decoded, _, weird = decode([bytes(frame)])
    assert decoded is None
    assert weird.malformed_header + weird.truncated_header == 1


def test_any_bytes_at_all(wire):
    rng = np.random.default_rng(3)
    for link in (0, 1, 9, 12, 50, 51, 101, 108, 113, 228, 229, 276):
        frames = [rng.bytes(int(size)) for size in rng.integers(0, 200, 200)]
        good = [bytes(frame) for frame in (wire.ethernet(packet(wire)), wire.ethernet(packet(wire, 6), [(0x8100, 1)]))]
        for frame in good * 40:
            broken = bytearray(frame)
            for spot in rng.integers(0, len(frame), 3):
                broken[spot] = rng.integers(0, 256)
            frames.append(bytes(broken))
        decode(frames, link)


def test_heads_gathered_with_the_records_change_nothing(wire):
    tags = [], [(0x8100, 7)], [(0x88A8, 8), (0x8100, 9)], [(0x9100, 1), (0x8100, 2), (0x8100, 3)]
    frames = [wire.ethernet(packet(wire, family), tag) for family in (4, 6) for tag in tags]
    for captured in (None, 80, 60, 40, 16):
        plain, _, weird = decode(frames * 3, captured=captured)
        records = records_of(frames * 3, captured=captured)
        records.heads = View(records.buffer).rows(records.at, np.dtype([("packet", f"V{HEAD}")]))["packet"]
        again = Weird()
        found = Decoder(EngineSettings(), SEEDS, again).decode(records)
        assert records.heads is None
        assert weird.nonzero() == again.nonzero()
        if plain is None:
            assert found is None
            continue
        for field in fields(Columns):
            assert np.array_equal(getattr(plain[0], field.name), getattr(found[0], field.name)), field.name


def test_tagged_and_untagged_packets_of_a_flow_stay_in_order(wire):
    """A mirror port may tag one direction only."""
    frames = [wire.ethernet(packet(wire), tag) for tag in ([], [(0x8100, 7)]) * 3]
    decoded, records, _ = decode(frames)
    assert decoded[0].vlan.tolist() == [-1, 7] * 3
    assert decoded[0].time.tolist() == records.time.tolist()


def test_an_unknown_link_is_counted(wire):
    decoded, _, weird = decode([b"x" * 60] * 3, 147)
    assert (decoded, weird.unsupported_link) == (None, 3)
