"""A connection taken whole is the connection that its packets make one by one."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from sniffer.capture.records import Bools
from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.flows.table import FlowTable
from sniffer.settings import SECOND, EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird
from tests.sniffer.conftest import ACK, FIN, PSH, RST, START, SYN, Dialogue, Wire

SETTINGS = EngineSettings(client_head=700, server_head=900)


def none_whole(self: FlowTable, facts: object, unknown: Bools, *_: object) -> Bools:
    return np.zeros(len(unknown), bool)


def connections(capture: Path | bytes, settings: EngineSettings = SETTINGS) -> tuple[list[Connection], dict[str, int]]:
    weird = Weird()
    found: list[Connection] = []
    with suppress(CaptureError):
        found.extend(read_connections(capture if isinstance(capture, Path) else io.BytesIO(capture), settings=settings, weird=weird))
    return sorted(found, key=repr), weird.nonzero()


def both(capture: Path | bytes, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings = SETTINGS) -> list[Connection]:
    """The connections, the same with and without the short way."""
    whole = connections(capture, settings)
    with monkeypatch.context() as patched:
        patched.setattr(FlowTable, "_whole", none_whole)
        assert connections(capture, settings) == whole
    return whole[0]


def dialogue(chance: random.Random, number: int) -> Dialogue:
    """Opened and closed in order, with something odd in every other one."""
    said = Dialogue(
        client=(f"198.18.0.{number % 250}", 20000 + number % 7),
        isn=(chance.getrandbits(32), chance.getrandbits(32)),
        segment=chance.choice((40, 100)),
    )
    said.time = START + chance.randrange(20 * SECOND)
    said.open()
    for _ in range(chance.randrange(5)):
        said.say(chance.randrange(2), bytes(chance.randrange(500)))
    for side in chance.choice(((0, 1), (1, 0), (0,), (), (0, 1, 0))):
        said.packet(side, bytes(chance.choice((0, 0, 9))), chance.choice((FIN | ACK, FIN | ACK, FIN | PSH | ACK, RST)))
    oddities = (
        lambda frames: frames.pop(chance.randrange(len(frames))),
        lambda frames: frames.append(frames[chance.randrange(len(frames))]),
        lambda frames: frames.insert(0, frames.pop()),
        lambda frames: frames.sort(key=lambda _: chance.random()),
        lambda frames: said.packet(chance.randrange(2), b"late", chance.choice((ACK, SYN, SYN | ACK, FIN))),
    )
    for odd in chance.choices(oddities, k=chance.choice((0, 0, 1, 2))):
        odd(said.frames)
    return said


@pytest.mark.parametrize("seed", range(30))
def test_whole_or_not_the_connections_are_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    frames = [frame for number in range(60) for frame in dialogue(chance, number).frames]
    if chance.random() < 0.7:
        frames.sort(key=lambda frame: frame[0])
    capture = Wire.pcap(frames)
    assert len(both(capture, monkeypatch)) > 20
    both(capture, monkeypatch, EngineSettings(chunk=4096))


def test_every_sample_is_the_same(sample_pcaps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in sorted(sample_pcaps.glob("*.pcap*")):
        both(path, monkeypatch, EngineSettings())
