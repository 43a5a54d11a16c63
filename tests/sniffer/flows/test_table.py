"""When connections begin and end, and what the table costs."""

from __future__ import annotations

import io
import struct
import tracemalloc
from dataclasses import replace

import pytest

from sniffer.capture.reader import read_records
from sniffer.capture.source import from_stream
from sniffer.engine import Engine
from sniffer.flows.flow import COST, Flow
from sniffer.settings import SECOND, EngineSettings
from sniffer.weird import Weird
from tests.sniffer.conftest import SYN


def both(wire, frames, settings=None):
    """The connections, which are the same in one window and in a window a packet."""
    settings = settings or EngineSettings()
    weird = Weird()
    found = wire.read(wire.pcap(frames), settings, weird)
    assert wire.read(wire.pcap(frames), replace(settings, chunk=1)) == found
    return found, weird


def talked(wire, **facts):
    return wire.Dialogue(**facts).open().say(1, b"220 mx\r\n").say(0, b"QUIT\r\n")


def test_a_port_used_again_is_another_connection(wire):
    first = talked(wire).close()
    second = talked(wire, isn=(500_000, 700_000), time=first.time)
    found, _ = both(wire, first.frames + second.frames)
    assert [(c.client_isn, c.client.end) for c in found] == [(1000, "fin"), (500_000, "cut")]
    cut_off = talked(wire)
    found, _ = both(wire, cut_off.frames + replace(second, time=cut_off.time).frames)
    assert [(c.client_isn, c.client.end, c.server.data) for c in found] == [(1000, "open", b"220 mx\r\n"), (500_000, "cut", b"220 mx\r\n")]


def test_silence_counts_when_the_capture_went_on_for_long_enough(wire):
    other = {"client": ("198.18.0.2", 40001)}
    for pause, end in ((119 * SECOND, "cut"), (121 * SECOND, "open")):
        talk = talked(wire)
        later = talked(wire, time=talk.time + pause, **other).close()
        found, _ = both(wire, talk.frames + later.frames)
        assert {c.client_port: (c.client.end, c.server.end) for c in found} == {40000: (end, end), 40001: ("fin", "fin")}


def test_of_connections_without_payload_the_oldest_packets_go(wire):
    few = EngineSettings(unanswered=50)
    talks = [wire.Dialogue(client=("198.18.0.1", 1000 + number), time=wire.START + number) for number in range(80)]
    opened = [frame for talk in talks for frame in talk.packet(0, b"", SYN).frames]
    said = [frame for talk in talks for frame in replace(talk, frames=[]).say(1, b"220 mx\r\n").frames]
    weird = Weird()
    engine = Engine(few, weird)
    found = []
    for frames in (opened, said):
        for records in read_records(from_stream(io.BytesIO(wire.pcap(frames))), few.chunk):
            found.extend(engine.feed(records))
    found.extend(engine.finish())
    known = {c.client_port: c.client.captured for c in found}
    assert weird.evicted == 30
    assert [known[1000 + number] for number in range(80)] == [False] * 30 + [True] * 50


def test_what_is_let_go_for_want_of_room_was_not_silent(wire):
    few = EngineSettings(flow_memory=16 * COST)
    frames = [frame for number in range(60) for frame in talked(wire, client=("198.18.0.1", 1000 + number)).frames]
    later = talked(wire, time=wire.START + 200 * SECOND)
    weird = Weird()
    found = wire.read(wire.pcap(sorted(frames) + later.frames), few, weird)
    cut = sum(c.client.end == "cut" for c in found if c.client_port != 40000)
    assert 40 < cut <= weird.evicted <= cut + 1  # the last session may be let go too


def test_one_side_s_fin_is_an_end(wire):
    found, _ = both(wire, talked(wire).packet(1, flags=wire.FIN | wire.ACK).frames)
    assert [(c.client.end, c.server.end) for c in found] == [("open", "fin")]


def test_other_traffic_shows_that_the_capture_went_on(wire):
    talk = talked(wire)
    ping = wire.ethernet(wire.ip(("198.18.0.9", 0), ("192.0.2.25", 0), b"ping", protocol=1))
    frames = [(talk.time + second * SECOND, ping) for second in range(130)]
    found, _ = both(wire, talk.frames + frames)
    assert [c.client.end for c in found] == ["open"]


def test_a_repeated_syn_is_the_same_connection(wire):
    talk = wire.Dialogue().packet(0, flags=wire.SYN).packet(0, flags=wire.SYN, seq=1000)
    talk.packet(1, flags=wire.SYN | wire.ACK).packet(1, flags=wire.SYN | wire.ACK, seq=9000).packet(0)
    found, _ = both(wire, talk.say(1, b"220 mx\r\n").close().frames)
    assert [(c.client.packets, c.server.data, c.server.from_start) for c in found] == [(5, b"220 mx\r\n", True)]


def test_a_late_repeat_does_not_revive_an_ended_connection(wire):
    talk = talked(wire).close().wait(2 * SECOND).packet(0, b"QUIT\r\n", seq=1001).wait(30 * SECOND).packet(1, b"220 mx\r\n", seq=9001)
    found, weird = both(wire, talk.frames)
    assert [(c.client.packets, c.server.packets) for c in found] == [(5, 3)]
    assert weird.after_close == 2
    found, _ = both(wire, talk.wait(100 * SECOND).packet(0, b"data").frames)
    assert [c.client.from_start for c in found] == [True, False]


def test_packets_shortly_after_the_end_still_count(wire):
    talk = talked(wire).close().packet(1, flags=wire.FIN | wire.ACK, seq=9009).packet(0)
    found, weird = both(wire, talk.frames)
    assert [(c.client.packets, c.server.packets) for c in found] == [(6, 4)]
    assert weird.after_close == 0


def test_silence_ends_a_connection(wire):
    talk = talked(wire).wait(301 * SECOND).say(0, b"NOOP\r\n")
    found, _ = both(wire, talk.frames)
    assert [(c.client.data, c.client.from_start) for c in found] == [(b"QUIT\r\n", True), (b"NOOP\r\n", False)]
    found, _ = both(wire, talked(wire).wait(299 * SECOND).say(0, b"NOOP\r\n").frames)
    assert [c.client.data for c in found] == [b"QUIT\r\nNOOP\r\n"]


def test_resets(wire):
    found, _ = both(wire, talked(wire).packet(1, flags=wire.RST).frames)
    assert [(c.client.end, c.server.end, c.reset_by) for c in found] == [("open", "rst", "server")]
    found, _ = both(wire, talked(wire).close().packet(0, flags=wire.RST).frames)
    assert [(c.client.end, c.server.end, c.reset_by) for c in found] == [("fin", "fin", None)]


def test_a_syn_ack_that_comes_after_the_end_opens_no_other_connection(wire):
    talk = talked(wire).close()
    late = [frame for _, frame in talk.frames[1:2]]
    frames = [*talk.frames[:1], *talk.frames[2:], *((talk.time, frame) for frame in late)]
    found, _ = both(wire, [*frames, *talk.packet(0).frames[-1:]])
    assert [(c.client.from_start, c.server.data, c.server.from_start, c.server.packets) for c in found] == [(True, b"220 mx\r\n", True, 3)]


def test_a_syn_ack_that_answers_another_syn_begins_anew_in_every_window(wire):
    refused = wire.Dialogue().packet(0, flags=wire.SYN)
    refused.seq[0] -= 8
    talk = refused.packet(1, flags=wire.SYN | wire.ACK).say(0, b"EHLO c\r\n").say(1, b"220 mx\r\n")
    found, _ = both(wire, talk.frames)
    assert [(c.client_isn, c.client.data) for c in found] == [(992, b"EHLO c\r\n")]


def test_one_packet_of_a_clock_far_ahead_ends_nothing(wire):
    ahead = ((1 << 32) - 1) * SECOND
    first = talked(wire)
    odd = wire.Dialogue(("198.18.0.9", 4000), time=ahead).say(0, b"EHLO odd\r\n")
    rest = wire.Dialogue(isn=(first.seq[0], first.seq[1]), time=first.time).say(1, b"221 bye\r\n").say(0, b"x")
    found, _ = both(wire, first.frames + odd.frames + rest.frames)
    assert [(c.client.data, c.server.data) for c in found if c.client_port == 40000] == [(b"QUIT\r\nx", b"220 mx\r\n221 bye\r\n")]


def test_a_clock_that_was_set_back_is_followed(wire):
    frames = wire.Dialogue(("198.18.0.9", 4000), time=wire.START + 10**9 * SECOND).say(0, b"EHLO c\r\nMAIL\r\n" * 20).frames
    first = talked(wire)
    found = wire.read(wire.pcap(frames + first.frames + first.say(1, b"221 bye\r\n").frames[-1:]), EngineSettings(chunk=1))
    assert [c.server.data for c in found if c.client_port == 40000] == [b"220 mx\r\n221 bye\r\n"]


def test_the_clock_goes_by_the_window_s_last_packets_of_whatever_form(wire):
    """IPv4 is decoded before IPv6: the clock must not stay at that."""
    six = wire.Dialogue(("2001:db8::9", 4000), ("2001:db8::25", 25)).say(0, b"EHLO c\r\n").say(1, b"250 mx\r\n")
    first = talked(wire, time=six.time).close()
    later = wire.Dialogue(("198.18.0.7", 4001), time=first.time).wait(120 * SECOND).say(0, b"EHLO c\r\n").say(1, b"250 mx\r\n")
    engine = Engine(EngineSettings(), Weird())
    (records,) = read_records(from_stream(io.BytesIO(wire.pcap(six.frames + first.frames + later.frames))), 1 << 20)
    assert [c.server.data for c in engine.feed(records)] == [b"220 mx\r\n"]
    assert engine.table.now == later.frames[-2][0]


@pytest.mark.parametrize("step", [2, 3])
def test_what_a_flow_is_reckoned_at_covers_what_it_costs(step):
    """Pieces of two bytes each: in order, and above holes."""
    settings, weird, flows = EngineSettings(), Weird(), []
    tracemalloc.start()
    for number in range(20):
        flow = Flow(number, ((b"\0" * 4, 4000), (b"\1" * 4, 25)), 10**18, -1, 0, settings)
        for place in range(500):
            flow.add(0, 1000 + place * step, 1, 16, 2, bytes((place & 255, number)), 10**18 + place, weird)
        flows.append(flow)
    cost, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cost < sum(flow.held for flow in flows) < 2 * cost


def test_without_payload_there_is_no_connection(wire):
    refused = wire.Dialogue().packet(0, flags=wire.SYN).packet(1, flags=wire.RST | wire.ACK)
    scan = wire.Dialogue(("198.18.0.2", 1)).packet(0, flags=wire.SYN)
    idle = wire.Dialogue(("198.18.0.3", 1)).open().close()
    found, weird = both(wire, refused.frames + scan.frames + idle.frames)
    assert (found, weird.no_payload) == ([], 3)


def test_a_slow_answer_to_a_syn(wire):
    talk = wire.Dialogue().packet(0, flags=wire.SYN).wait(4 * SECOND).packet(1, flags=wire.SYN | wire.ACK).packet(0)
    found, _ = both(wire, talk.say(1, b"220 mx\r\n").close().frames)
    assert [(c.start, c.client.from_start, c.server.from_start) for c in found] == [(wire.START, True, True)]


@pytest.mark.parametrize(("server", "client"), [(25, 40000), (25, 465), (2525, 25), (8025, 9025)])
def test_the_client_is_known_by_its_syn(wire, server, client):
    settings = EngineSettings(ports=frozenset({25, 465, 8025, 2525}))
    found, _ = both(wire, talked(wire, client=("198.18.0.1", client), server=("192.0.2.25", server)).frames, settings)
    assert [(c.client_port, c.server_port) for c in found] == [(client, server)]
    half = talked(wire, client=("198.18.0.1", client), server=("192.0.2.25", server)).frames[1:]
    found, _ = both(wire, half, settings)
    assert [(c.client_port, c.client.from_start) for c in found] == [(client, True)]


def test_the_client_without_a_syn(wire):
    late = talked(wire).frames[3:]
    found, _ = both(wire, late)
    assert [(c.client_port, c.server_port, c.client.from_start) for c in found] == [(40000, 25, False)]
    between = talked(wire, client=("198.18.0.1", 465)).frames[3:]
    found, _ = both(wire, between)
    assert [(c.client_port, c.server_port) for c in found] == [(465, 25)]


def test_the_client_between_two_mail_ports_is_the_same_in_every_run(wire):
    for talk in ([b"x"], [b"220 a\r\n", b"220 b\r\n"]):
        dialogue = wire.Dialogue(("192.0.2.25", 25), ("198.18.0.1", 25))
        for side, data in enumerate(talk):
            dialogue.say(side, data)
        found = {(c.client_ip, c.client.data) for _ in range(12) for c in wire.read(wire.pcap(dialogue.frames))}
        assert len(found) == 1, found


def test_one_direction_only(wire):
    def only(side):
        talk = wire.Dialogue().open()
        frames = talk.say(1, b"220 mx\r\n").say(0, b"QUIT\r\n").close().frames
        mark = bytes([198, 18, 0, 1, 192, 0, 2, 25]) if side == 0 else bytes([192, 0, 2, 25, 198, 18, 0, 1])
        return [(time, data) for time, data in frames if data[26:34] == mark]

    (found,), _ = both(wire, only(0))
    assert (found.client.data, found.client.from_start, found.server.captured, found.server.data) == (b"QUIT\r\n", True, False, b"")
    (found,), _ = both(wire, only(1))
    assert (found.server.data, found.server.from_start, found.client.captured) == (b"220 mx\r\n", True, False)


def test_a_full_table_lets_the_emptiest_go(wire):
    frames = []
    for number in range(200):
        talk = wire.Dialogue(("198.18.1.%d" % number, 5000), time=wire.START + number)  # noqa: UP031
        frames += talk.open().say(1, b"220 mx\r\n" * (20 if number == 7 else 1)).say(0, b"EHLO c\r\n").frames
    frames.sort()
    weird = Weird()
    found = wire.read(wire.pcap(frames), EngineSettings(flow_memory=300_000, chunk=20_000), weird)
    assert weird.evicted > 50
    assert len(found) >= 200
    (rich,) = [c for c in found if c.client_ip == "198.18.1.7" and c.server.from_start]
    assert len(rich.server.data) == 160


def flood(wire, count, flags=2, data=b""):
    """A capture of ``count`` packets from distinct sources, in pieces."""
    yield wire.pcap([], nano=False)
    template = wire.ethernet(wire.ip(("0.0.0.0", 0), ("192.0.2.25", 25), wire.tcp(4000, 25, 1, 0, flags, data)))
    record, size = struct.Struct("<IIII"), len(template)
    second = wire.START // SECOND
    for base in range(0, count, 10_000):
        part = bytearray()
        for number in range(base, min(base + 10_000, count)):
            part += record.pack(second + number // 100_000, number % 100_000 * 10, size, size)
            part += template[:26] + number.to_bytes(4, "big") + template[30:]
        yield bytes(part)


class Pipe:
    """A generator of bytes as a stream."""

    def __init__(self, parts):
        self.parts, self.left = parts, b""

    def read(self, size):
        self.left = self.left or next(self.parts, b"")
        part, self.left = self.left[:size], self.left[size:]
        return part

    def readinto(self, buffer):
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def run_flood(wire, count, flags=2, data=b"", after=b""):
    from sniffer.engine import read_connections

    def parts():
        yield from flood(wire, count, flags, data)
        yield after

    weird = Weird()
    return sum(1 for _ in read_connections(Pipe(parts()), settings=EngineSettings(), weird=weird)), weird


def test_a_syn_flood_is_counted_and_passed(wire):
    later = wire.START + 3600 * SECOND
    after = wire.pcap(talked(wire, time=later).close().frames, nano=False)[24:]
    found, weird = run_flood(wire, 100_000, after=after)
    assert found == 1
    assert weird.no_payload == 100_000
