"""Two processes give what one gives, wherever the cut falls."""

from __future__ import annotations

import gzip
import random

import pytest

from sniffer import jobs
from sniffer.errors import CaptureError
from sniffer.settings import EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird


def observe(connection: Connection) -> Connection:
    return connection


def run(path, count, settings=None):
    weird = Weird()
    found = list(jobs.map_connections(path, observe, settings=settings or EngineSettings(), weird=weird, jobs=count, smallest=0))
    return sorted(found, key=lambda c: (c.start, c.client_port)), weird


@pytest.mark.parametrize("seed", range(8))
def test_two_processes_give_what_one_gives(wire, tmp_path, seed):
    """Sessions that are open over the cut, ports used again after it, late repeats, scans."""
    rng = random.Random(seed)
    frames = [frame for number in range(60) for frame in wire.session(number, seed).frames]
    for number in range(12):
        again = wire.session(number, seed)
        again = wire.Dialogue(
            again.client, again.server, (rng.getrandbits(32), rng.getrandbits(32)), wire.START + rng.randrange(700) * 10**6
        )
        frames += again.open().say(1, b"220 again\r\n").close().packet(0, b"late", seq=again.seq[0] - 4).frames
        frames += wire.Dialogue(("203.0.113.9", 1000 + number), time=wire.START + number * 40_000_000).packet(0, flags=wire.SYN).frames
    path = tmp_path / "mail.pcap"
    path.write_bytes(wire.pcap(sorted(frames)))
    one, _ = run(path, 1)
    two, _ = run(path, 2)
    assert len(one) > 60
    assert two == one
    assert run(path, 2, EngineSettings(chunk=5000))[0] == one


def in_fragments(frame: bytes) -> list[bytes]:
    """An Ethernet frame's IPv4 packet in two fragments, where it is long enough."""
    link, header, payload = frame[:14], bytearray(frame[14:34]), frame[34:]
    if len(payload) < 48:
        return [frame]
    found = []
    for offset, part, more in ((0, payload[:40], 0x2000), (5, payload[40:], 0)):
        header[2:4] = (20 + len(part)).to_bytes(2, "big")
        header[6:8] = (offset | more).to_bytes(2, "big")
        found.append(link + bytes(header) + part)
    return found


@pytest.mark.parametrize("windows", [0, 1, 64])
@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_whatever_the_second_process_noted(wire, tmp_path, monkeypatch, windows, share):
    """Few notes, or fragments, before, over and behind the cut: the first process reads on by itself then."""
    rng = random.Random(windows)
    monkeypatch.setattr("sniffer.notes.WINDOWS", windows)
    frames = []
    for number in range(60):
        session = wire.Dialogue(("198.18.0.1", 2000 + number), time=wire.START + rng.randrange(10**9), step=37_000_000).open()
        session.say(1, b"220 mx.example ESMTP ready to serve you, whoever it is that asks\r\n").say(0, b"EHLO c\r\n" * 20).close()
        for at, frame in session.frames:
            parts = in_fragments(frame) if rng.random() < share else [frame]
            frames += [(at + place, part) for place, part in enumerate(parts)]
    path = tmp_path / "mail.pcap"
    path.write_bytes(wire.pcap(sorted(frames)))
    one, _ = run(path, 1)
    assert len(one) == 60
    for chunk in (2000, 1 << 20):
        assert run(path, 2, EngineSettings(chunk=chunk))[0] == one


@pytest.mark.parametrize("later", [100, 140, 400])
def test_silence_over_the_cut_is_the_same(wire, tmp_path, later):
    """The clock that tells it is everyone's, not only that of the connections known before the cut."""

    def talks(count, client, seconds=0):
        begin = wire.START + seconds * 10**9
        return [wire.Dialogue((client, 1000 + n), time=begin + n * 10**7).open().say(1, b"220 mx\r\n") for n in range(count)]

    silent, before, behind = talks(9, "198.18.9.9"), talks(40, "198.18.8.8", 1), talks(30, "198.18.7.7", later)
    frames = [frame for talk in silent for frame in talk.frames]
    frames += [frame for talk in before + behind for frame in talk.close().frames]
    path = tmp_path / "mail.pcap"
    path.write_bytes(wire.pcap(sorted(frames)))
    one, _ = run(path, 1)
    assert {c.server.end for c in one} == {"fin", "cut" if later < 120 else "open"}
    assert run(path, 2)[0] == one
    assert run(path, 2, EngineSettings(chunk=5000))[0] == one


def test_damage_is_the_same(wire, tmp_path):
    frames = [frame for number in range(40) for frame in wire.session(number).frames]
    whole = wire.pcap(sorted(frames))
    path = tmp_path / "mail.pcap"
    for at in (len(whole) // 4, len(whole) * 3 // 4):
        path.write_bytes(whole[:at] + b"\xff" * 200 + whole[at + 200 :])
        results = []
        for count in (1, 2):
            found, reason = [], ""
            try:
                for connection in jobs.map_connections(path, observe, settings=EngineSettings(), weird=Weird(), jobs=count, smallest=0):
                    found.append(connection)  # noqa: PERF402
            except CaptureError as error:
                reason = error.reason
            results.append((sorted(found, key=lambda c: (c.start, c.client_port)), reason))
        assert results[0] == results[1]
        assert results[0][1] == "damaged_record"


def test_a_capture_that_cannot_be_cut_is_read_in_one_process(wire, tmp_path):
    frames = [frame for number in range(20) for frame in wire.session(number).frames]
    path = tmp_path / "mail.pcapng"
    path.write_bytes(wire.pcapng(sorted(frames)))
    assert len(run(path, 2)[0]) == 20
    path.write_bytes(b"")
    with pytest.raises(CaptureError):
        run(path, 2)


def test_files_of_a_ring_are_not_cut(wire, tmp_path):
    """What may follow another file, or be followed, is read with it."""
    frames = sorted(frame for number in range(30) for frame in wire.session(number, 1).frames)
    half = len(frames) // 2
    hour = 3600 * 10**9
    parts = {
        "1.pcap": frames[:half],
        "2.pcap": frames[half:],
        "3.pcap": [(time + hour, frame) for time, frame in frames],
        "4.pcap": [(time + 3 * hour, frame) for time, frame in frames],
    }
    files = []
    for name, some in parts.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(wire.pcap(some))
    one, two, three, four = files
    packed = tmp_path / "2.pcap.gz"
    packed.write_bytes(gzip.compress(two.read_bytes()))
    assert jobs.stand_alone(files) == [False, False, True, True]
    assert jobs.stand_alone([one, three, two]) == [True, True, True]
    assert jobs.stand_alone([one, packed, three, four]) == [False, False, False, True]
    assert jobs.stand_alone([one]) == [True]
    assert jobs.stand_alone([tmp_path / "missing.pcap", one, four]) == [False, False, True]
