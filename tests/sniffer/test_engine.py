"""The engine as a whole: the same packets give the same connections, however they come."""

from __future__ import annotations

import gc
import gzip
import io
import random
from dataclasses import replace

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sniffer.engine import Engine, read_connections
from sniffer.errors import CaptureError, CutShort, NotACapture, UnsupportedLink
from sniffer.settings import EngineSettings
from sniffer.weird import Weird

MODERATE = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def order(connections):
    return sorted(connections, key=lambda c: (c.start, c.client_port))


def mixed(wire, count, seed=0):
    """Frames of overlapping sessions in time order."""
    frames = [frame for number in range(count) for frame in wire.session(number, seed).frames]
    return sorted(frames, key=lambda frame: frame[0])


def test_a_session_is_read_with_both_heads(wire):
    talk = wire.Dialogue().open().say(1, b"220 mx\r\n").say(0, b"QUIT\r\n").close()
    (found,) = wire.read(wire.pcap(talk.frames))
    assert (found.client_ip, found.client_port, found.server_ip, found.server_port) == ("198.18.0.1", 40000, "192.0.2.25", 25)
    assert (found.client.data, found.server.data) == (b"QUIT\r\n", b"220 mx\r\n")
    assert (found.client.from_start, found.server.from_start) == (True, True)
    assert (found.client.end, found.server.end) == ("fin", "fin")
    assert (found.client.packets, found.server.packets) == (5, 3)
    assert (found.client.bytes, found.server.bytes) == (6, 8)
    assert (found.start, found.stop) == (wire.START, wire.START + 7_000_000)
    assert found.client.marks == ((0, wire.START + 4_000_000),)
    assert (found.client_isn, found.vlan, found.interface, found.reset_by) == (1000, None, None, None)


def series(captures, weird=None):
    return list(read_connections(captures, settings=EngineSettings(), weird=weird or Weird()))


def test_rotated_files_continue_each_other(wire, tmp_path):
    frames = wire.session(1).frames
    whole = wire.read(wire.pcap(frames))
    for cut in range(1, len(frames)):
        parts = [wire.pcap(frames[:cut]), wire.pcap(frames[cut:])]
        assert series([io.BytesIO(part) for part in parts]) == whole
        paths = [tmp_path / f"{number}.pcap" for number in range(2)]
        for path, part in zip(paths, parts, strict=True):
            path.write_bytes(part)
        assert series(paths) == whole


def test_captures_that_do_not_follow_each_other_stand_alone(wire):
    """Later by more than a second, at the same time, of one moment only, or of other interfaces."""
    frames = wire.session(1).frames
    half = len(frames) // 2
    first, rest = frames[:half], frames[half:]
    still = [(wire.START, data) for _, data in frames]

    def moved(some, by):
        return [(time + by, data) for time, data in some]

    for parts in (
        [first, moved(rest, 1_100_000_000)],
        [moved(first, 60_000_000), rest],
        [first, first],
        [still[:half], still[half:]],
    ):
        captures = [wire.pcap(part) for part in parts]
        assert series([io.BytesIO(one) for one in captures]) == [found for one in captures for found in wire.read(one)]
    one, other = wire.pcap(first), wire.pcap([(time, data[14:]) for time, data in rest], link=101)
    assert series([io.BytesIO(one), io.BytesIO(other)]) == wire.read(one) + wire.read(other)


def test_nothing_follows_a_damaged_capture(wire):
    frames = wire.session(1).frames
    cut, rest = wire.pcap(frames[:9])[:-3], wire.pcap(frames[8:])
    found = []
    with pytest.raises(CutShort):
        for connection in read_connections([io.BytesIO(cut), io.BytesIO(rest)], settings=EngineSettings(), weird=Weird()):
            found.append(connection)  # noqa: PERF402  what came before the error counts
    assert found == [*wire.read(wire.pcap(frames[:8])), *wire.read(rest)]


def test_window_size_changes_nothing(wire):
    capture = wire.pcap(mixed(wire, 8))
    whole = order(wire.read(capture))
    assert len(whole) == 8
    for chunk in (1, 500, 3000, 10_000):
        assert order(wire.read(capture, EngineSettings(chunk=chunk))) == whole


@MODERATE
@given(seed=st.integers(0, 10**6), chunk=st.sampled_from([1, 300, 3000, 1 << 20]))
def test_disorder_changes_nothing(wire, seed, chunk):
    """Reordering and repeats within a direction's flight leave the bytes as they were."""
    rng = random.Random(seed)
    talk = wire.session(seed % 50, seed)
    plain = wire.read(wire.pcap(talk.frames))[0]
    frames = [data for _, data in talk.frames]
    middle = frames[3:-3]
    middle += rng.choices(middle, k=4)
    spots = sorted(range(len(middle)), key=lambda place: place + rng.random() * 6)
    shaken = frames[:3] + [middle[spot] for spot in spots] + frames[-3:]
    timed = [(wire.START + place * 10**6, data) for place, data in enumerate(shaken)]
    (found,) = wire.read(wire.pcap(timed), EngineSettings(chunk=chunk))
    assert (found.client.data, found.server.data) == (plain.client.data, plain.server.data)
    assert (found.client.end, found.server.end) == ("fin", "fin")
    assert (found.client.bytes, found.server.bytes) == (plain.client.bytes, plain.server.bytes)


@MODERATE
@given(seed=st.integers(0, 10**6))
def test_odd_packets_give_the_same_in_any_window(wire, seed):
    """Lost, repeated, late and foreign packets: one window of all is the same as a window each."""
    rng = random.Random(seed)
    ends = [("198.18.0.1", 40000), ("192.0.2.25", 25)]
    talk = wire.Dialogue(*ends, isn=(rng.getrandbits(32), rng.getrandbits(32)))
    for _ in range(rng.randrange(1, 25)):
        flags = rng.choice([wire.ACK] * 6 + [wire.SYN, wire.SYN | wire.ACK, wire.FIN | wire.ACK, wire.RST])
        side = rng.randrange(2)
        seq = None if rng.random() < 0.7 else (talk.seq[side] + rng.randrange(-50, 50)) & 0xFFFFFFFF
        talk.packet(side, rng.randbytes(rng.choice((0, 1, 9, 80))), flags, seq)
        talk.wait(rng.choice([0] * 12 + [500_000_000, 2 * 10**9, 6 * 10**9, 70 * 10**9, 400 * 10**9]))
        if rng.random() < 0.1:
            talk.seq = [rng.getrandbits(32), rng.getrandbits(32)]
    capture = wire.pcap(talk.frames)
    counted = Weird(), Weird()
    whole = wire.read(capture, None, counted[0])
    assert wire.read(capture, EngineSettings(chunk=1), counted[1]) == whole
    assert counted[0].after_close == counted[1].after_close


@MODERATE
@given(seed=st.integers(0, 10**6))
def test_loss_gives_a_gap_and_never_other_bytes(wire, seed):
    rng = random.Random(seed)
    talk = wire.session(seed % 50, seed)
    plain = wire.read(wire.pcap(talk.frames))[0]
    kept = [frame for frame in talk.frames if rng.random() > 0.15]
    for found in wire.read(wire.pcap(kept)):
        for head, full in ((found.client, plain.client), (found.server, plain.server)):
            if head.from_start:
                assert full.data.startswith(head.data)
                assert head.end != "fin" or head.data == full.data
            else:
                assert head.data in full.data


def test_formats_and_byte_orders_agree(wire):
    frames = mixed(wire, 12)
    whole = order(wire.read(wire.pcap(frames)))
    for capture in (
        wire.pcap(frames, ">"),
        wire.pcapng(frames),
        wire.pcapng(frames, ">"),
        gzip.compress(wire.pcap(frames)),
        zstandard.compress(wire.pcapng(frames)),
    ):
        assert order(wire.read(capture)) == whole
    micro = wire.read(wire.pcap(frames, nano=False))
    assert order(micro) == whole  # the frames' times are whole microseconds


def test_a_file_is_read_like_a_pipe(wire, tmp_path):
    capture = wire.pcap(mixed(wire, 8))
    path = tmp_path / "mail.pcap"
    path.write_bytes(capture)
    assert list(read_connections(path, settings=EngineSettings(), weird=Weird())) == wire.read(capture)
    for chunk in (999, 4096):
        found = list(read_connections(path, settings=EngineSettings(chunk=chunk), weird=Weird()))
        assert order(found) == order(wire.read(capture))


def test_what_stands_before_damage_is_reported(wire):
    talk = wire.session(1)
    capture = wire.pcap(talk.frames)
    whole = wire.read(capture)
    assert wire.damaged(capture + b"\x01" * 7) == (whole, "cut_short")
    assert wire.damaged(capture + b"\xff" * 40) == (whole, "damaged_record")
    ng = wire.pcapng(talk.frames)
    assert wire.damaged(ng + wire.enhanced(0, b"x" * 50)[:-9]) == (whole, "cut_short")
    assert wire.damaged(ng + wire.enhanced(0, b"x" * 50)[:-1] + b"\x01") == (whole, "damaged_record")
    packed = gzip.compress(capture + bytes(random.Random(1).randbytes(200_000)))
    found, reason = wire.damaged(packed[:-100_000])
    assert (found, reason) == (whole, "damaged_record")  # the capture is damaged before its compression is
    assert wire.damaged(gzip.compress(capture)[:-8]) == (whole, "damaged_compression")


@MODERATE
@given(cut=st.integers(0, 4000))
def test_a_cut_capture_never_raises_anything_else(wire, cut):
    for capture in (wire.pcap(wire.session(2).frames), wire.pcapng(wire.session(2).frames)):
        _, reason = wire.damaged(capture[:cut])
        assert reason in (None, "cut_short", "not_a_capture")


@MODERATE
@given(junk=st.binary(max_size=400), where=st.floats(0, 1), ng=st.booleans())
def test_damage_anywhere_is_a_named_error(wire, junk, where, ng):
    capture = (wire.pcapng if ng else wire.pcap)(mixed(wire, 3))
    at = int(len(capture) * where)
    _, reason = wire.damaged(capture[:at] + junk + capture[at + len(junk) // 2 :])
    assert reason in (None, "cut_short", "damaged_record", "not_a_capture", "unsupported_link", "damaged_compression")


def test_no_capture_at_all(wire):
    for text in (b"", b"hello, world", b"PK\x03\x04" + bytes(100)):
        with pytest.raises(NotACapture):
            wire.read(text)


def test_an_unknown_link_type_is_said(wire):
    with pytest.raises(UnsupportedLink):
        wire.read(wire.pcap([(0, b"x" * 60)], link=147))


def test_only_the_ports_asked_for(wire):
    mail = wire.Dialogue().open().say(1, b"220 a\r\n").close()
    pop = wire.Dialogue(server=("192.0.2.25", 110)).open().say(1, b"+OK\r\n").close()
    odd = wire.Dialogue(server=("192.0.2.25", 8025)).open().say(1, b"220 b\r\n").close()
    web = wire.Dialogue(server=("192.0.2.25", 80)).open().say(0, b"GET /\r\n").close()
    capture = wire.pcap(mail.frames + pop.frames + odd.frames + web.frames)
    ports = lambda found: sorted(c.server_port for c in found)  # noqa: E731
    assert ports(wire.read(capture)) == [25]
    assert ports(wire.read(capture, EngineSettings(ports=frozenset({25, 110})))) == [25, 110]
    assert ports(wire.read(capture, EngineSettings(any_port=True))) == [25, 8025]


def test_a_snaplen_gives_a_gap_after_the_captured_bytes(wire):
    talk = wire.Dialogue(segment=1000).open().say(1, b"2" * 600).say(0, b"x" * 20).close()
    weird = Weird()
    (found,) = wire.read(wire.pcap(talk.frames, snaplen=154), None, weird)
    assert (found.server.data, found.server.end, found.server.bytes) == (b"2" * 100, "gap", 600)
    assert (found.client.data, found.client.end) == (b"x" * 20, "fin")
    assert weird.truncated == 1


def test_heads_are_limited_and_counters_go_on(wire):
    talk = wire.Dialogue(segment=1000).open().say(0, b"m" * 150_000).say(1, b"250 ok\r\n").close()
    (found,) = wire.read(wire.pcap(talk.frames))
    assert (len(found.client.data), found.client.end, found.client.bytes) == (65536, "limit", 150_000)
    small = EngineSettings(client_head=1500, server_head=4)
    for chunk in (1, 1 << 20):
        (found,) = wire.read(wire.pcap(talk.frames), replace(small, chunk=chunk))
        assert (found.client.data, found.server.data) == (b"m" * 1500, b"250 ")
        assert (found.client.end, found.server.end) == ("limit", "limit")
        assert (found.client.bytes, found.client.packets) == (150_000, 154)


def test_samples_give_their_connections(sample_pcaps):
    def count(name):
        return len(list(read_connections(sample_pcaps / name, settings=EngineSettings(), weird=Weird())))

    assert {name: count(name) for name in ("lt-mpls.pcap", "lt-qinq.pcap", "lt-sll2.pcap", "frag-ipv4-masked.pcap")} == {
        "lt-mpls.pcap": 1,
        "lt-qinq.pcap": 1,
        "lt-sll2.pcap": 1,
        "frag-ipv4-masked.pcap": 1,
    }
    assert count("arkime-smtp-decrypted.pcap") == 4
    assert count("zeek-pop3-starttls.pcap") == 0


def engines() -> int:
    return sum(type(found) is Engine for found in gc.get_objects())


@pytest.mark.parametrize("form", ["pcap", "pcapng", "gzip"])
def test_a_damaged_capture_leaves_nothing_in_memory(wire, form):
    """Neither what was read nor the engine, though no garbage is collected: frames that an error keeps must not keep the error."""
    frames = mixed(wire, 2)
    whole = {"pcap": wire.pcap(frames), "pcapng": wire.pcapng(frames), "gzip": gzip.compress(wire.pcap(frames))}[form]
    damaged = whole[: len(whole) // 2] + b"\x01" * 64 if form == "pcapng" else whole[:-9]
    gc.collect()
    before = engines()
    gc.disable()
    try:
        with pytest.raises(CaptureError) as raised:
            list(read_connections(io.BytesIO(damaged), settings=EngineSettings(), weird=Weird()))
        del raised
        assert engines() == before
    finally:
        gc.enable()
