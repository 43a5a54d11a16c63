"""Captures on loopback that take over from each other every half second: nothing is missed, nothing counts twice."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sniffer.live.dumpcap import Dumpcap, Tally
from sniffer.live.errors import CaptureEnded, CaptureForbidden
from sniffer.live.relay import Relay


@pytest.fixture(scope="module")
def program() -> str:
    found = shutil.which("dumpcap")
    if found is None:
        pytest.skip("live capture: dumpcap is not installed")
    if subprocess.run([found, "-q", "-i", "lo", "-a", "duration:1", "-w", "/dev/null"], capture_output=True).returncode:
        pytest.skip("live capture: dumpcap may not capture on lo")
    return found


class Talk:
    """Datagrams on loopback, each with its number, about a thousand a second until it is ended."""

    def __init__(self) -> None:
        self._receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiving.bind(("127.0.0.1", 0))
        self.port: int = self._receiving.getsockname()[1]
        self.sent = 0
        self._go_on = True
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def _talk(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            while self._go_on:
                sending.sendto(b"number %08d" % self.sent, ("127.0.0.1", self.port))
                self.sent += 1
                time.sleep(0.001)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._go_on = False
        if self._thread.is_alive():
            self._thread.join()
        time.sleep(0.3)


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.end()
    made._receiving.close()


def begin(program: str, port: int) -> Dumpcap:
    return Dumpcap("lo", f"udp port {port}", program=program, buffer_mib=4)


def numbers(relay: Relay) -> list[int]:
    found = []
    for window in relay.windows():
        for records in window:
            raw = records.buffer.data
            found += [int(bytes(raw[at + size - 8 : at + size])) for at, size in zip(records.at, records.captured, strict=True)]
    return found


def test_every_packet_comes_once_over_many_handovers(program: str, talk: Talk) -> None:
    begun: list[Dumpcap] = []

    def counting() -> Dumpcap:
        begun.append(begin(program, talk.port))
        return begun[-1]

    relay = Relay(counting, 0.5, 0.1, time.monotonic)
    time.sleep(1)
    talk.start()
    stopping = threading.Timer(12, lambda: (talk.end(), relay.stop()))
    stopping.start()
    found = numbers(relay)
    stopping.join()
    tally = relay.close()
    assert len(begun) > 4
    assert found == list(range(talk.sent))
    assert tally is not None
    assert (tally.received, tally.dropped) == (talk.sent, 0)


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.5, 1.0, 1.1, 1.15, 1.2, 1.3])
def test_the_end_may_be_asked_for_while_one_takes_over(program: str, talk: Talk, delay: float) -> None:
    begun: list[Dumpcap] = []
    relays: list[Relay] = []

    def asked_meanwhile() -> Dumpcap:
        begun.append(begin(program, talk.port))
        if len(begun) == 2:
            threading.Timer(delay, relays[0].stop).start()
        return begun[-1]

    relays.append(Relay(asked_meanwhile, 0.5, 0.1, time.monotonic))
    time.sleep(0.5)
    talk.start()
    found = numbers(relays[0])
    assert relays[0].close() is not None
    talk.end()
    assert len(begun) in (2, 3)
    assert found == list(range(len(found)))


def test_one_that_cannot_begin_leaves_the_running_one(program: str, talk: Talk, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    begun = 0

    def failing() -> Dumpcap:
        nonlocal begun
        begun += 1
        if begun == 2:
            raise CaptureForbidden(program)
        return begin(program, talk.port) if begun != 3 else Dumpcap("none0", "", program=program, buffer_mib=4)

    caplog.set_level(logging.WARNING)
    relay = Relay(failing, 0.5, 0.1, time.monotonic)
    time.sleep(0.5)
    talk.start()
    threading.Timer(3, lambda: (talk.end(), relay.stop())).start()
    assert numbers(relay) == list(range(talk.sent))
    tally = relay.close()
    assert tally is not None
    assert tally.received == talk.sent
    assert begun > 3
    assert [record.message.split(":")[0] for record in caplog.records] == ["no fresh capture could take over; the running one goes on"] * 2


def test_an_end_that_nobody_asked_for_is_told(program: str, talk: Talk) -> None:
    begun: list[Dumpcap] = []
    relay = Relay(lambda: begun.append(begin(program, talk.port)) or begun[-1], 0, 0.1, time.monotonic)  # type: ignore[func-returns-value]
    threading.Timer(0.5, begun[0]._process.kill).start()
    numbers(relay)
    with pytest.raises(CaptureEnded):
        relay.close()
    relay.abandon()


def test_without_handovers_one_capture_goes_on(program: str, talk: Talk) -> None:
    relay = Relay(partial(begin, program, talk.port), 0, 0.1, time.monotonic)
    time.sleep(0.5)
    talk.start()
    threading.Timer(1, lambda: (talk.end(), relay.stop())).start()
    assert numbers(relay) == list(range(talk.sent))
    assert relay.tally is None
    assert relay.close() is not None


def test_one_that_does_not_end_is_killed_and_what_it_leaves_is_no_damage(
    wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The first is deaf to SIGTERM and stops in the middle of a block; the second ends as it should."""
    monkeypatch.setattr("sniffer.live.relay._TOGETHER", 0.1)
    monkeypatch.setattr("sniffer.live.relay._GIVEN_UP_AFTER", 0.3)
    first, second = (wire.Dialogue(("198.18.0.9", port)).open().frames for port in (50001, 50002))
    (tmp_path / "1").write_bytes(wire.pcapng(first)[:-10])
    (tmp_path / "2").write_bytes(wire.pcapng(second))
    counted = "Packets received/dropped on interface 'lo': 3/2 (pcap:2/dumpcap:0/flushed:0/ps_ifdrop:0) (60.0%)"
    wait = "while :; do sleep 0.05; done"
    bodies = iter((f"trap '' TERM; cat {tmp_path}/1; {wait}", f"trap 'echo \"{counted}\" >&2; exit 0' TERM; cat {tmp_path}/2; {wait}"))

    def begun() -> Dumpcap:
        program = tmp_path / f"dumpcap{time.monotonic_ns()}"
        program.write_text(f"#!/bin/sh\n{next(bodies)}\n")
        program.chmod(0o755)
        return Dumpcap("lo", "tcp", program=str(program), buffer_mib=1)

    caplog.set_level(logging.WARNING)
    relay = Relay(begun, 2, 0.05, time.monotonic)
    threading.Timer(3.5, relay.stop).start()
    packets = sum(len(records) for window in relay.windows() for records in window)
    assert packets == len(first) - 1 + len(second)
    assert relay.close() == Tally(3, 2)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "the end of a capture that another took over from cannot be read",
        "a capture was killed before it told what the kernel dropped",
    ]
