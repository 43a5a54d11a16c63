"""A session that is settled by its beginning is what all of it says."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.lines import SessionLines
from sniffer.settings import EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.weird import Weird

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = SniffSettings()


def lines(capture: bytes, beginning: int) -> tuple[list[bytes], int]:
    """Each session's line, and how many of them were settled by the beginning."""
    found, settled = [], 0
    session_lines = SessionLines(SETTINGS)
    try:
        for connection in read_connections(io.BytesIO(capture), settings=EngineSettings(beginning=beginning), weird=Weird()):
            asked: list[Connection] = []
            if (whole := connection.whole) is not None:
                connection = replace(connection, whole=lambda whole=whole, asked=asked: asked.append(whole()) or asked[0])
                settled += 1
            found.append(session_lines(connection))
            settled -= len(asked)
    except CaptureError:
        pass
    return sorted(found), settled


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    capture = tmp_path_factory.mktemp("beginning") / "made.pcap"
    options = ["--sessions", "400", "--seed", "5", "--nasty", "0.3"]
    subprocess.run([sys.executable, ROOT / "bench/make_pcap.py", capture, *options], check=True, capture_output=True)
    return capture.read_bytes()


@pytest.mark.parametrize("beginning", [1, 100, 700, 2000, 8192])
def test_a_beginning_says_what_the_whole_says(made: bytes, beginning: int) -> None:
    found, settled = lines(made, beginning)
    assert found == lines(made, 0)[0]
    assert settled > 90 or beginning < 2000


def test_samples_say_the_same(sample_pcaps: Path) -> None:
    for capture in sorted(sample_pcaps.glob("*.pcap*")):
        raw = capture.read_bytes()
        for beginning in (1, 300, 2000):
            assert lines(raw, beginning)[0] == lines(raw, 0)[0], (capture.name, beginning)
