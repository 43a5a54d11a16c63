"""Wireshark's own tshark, or a skip; with STRIPWATCH_REQUIRE_TSHARK=1 its absence is a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from sniffer.engine import read_connections
from sniffer.errors import CaptureError
from sniffer.session import Session, observe
from sniffer.settings import SMTP_PORTS, EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.weird import Weird
from sniffer.wireshark.engine import read_sessions

Reading = tuple[list[Session], str | None]
"""The sessions of a capture, and the reason of its damage."""
SETTINGS = SniffSettings()


@pytest.fixture(scope="session")
def tshark() -> str:
    """Where tshark is."""
    path = shutil.which("tshark")
    if path is None and os.environ.get("STRIPWATCH_REQUIRE_TSHARK") == "1":
        pytest.fail("tshark is not installed, and STRIPWATCH_REQUIRE_TSHARK is set")
    if path is None:
        pytest.skip("tshark is not installed")
    return path


@pytest.fixture(scope="session")
def by_wireshark(tshark: str) -> Callable[[Path | BinaryIO], Reading]:
    """Read a capture by the second engine."""
    return lambda source: _all(read_sessions(source, settings=SETTINGS, ports=SMTP_PORTS, weird=Weird()))


@pytest.fixture(scope="session")
def by_packets() -> Callable[[Path | BinaryIO], Reading]:
    """Read a capture by the first engine."""

    def read(source: Path | BinaryIO) -> Reading:
        connections = read_connections(source, settings=EngineSettings(), weird=Weird())
        return _all(session for connection in connections if (session := observe(connection, SETTINGS)))

    return read


@pytest.fixture
def both(
    by_wireshark: Callable[[BinaryIO], Reading], by_packets: Callable[[BinaryIO], Reading]
) -> Callable[[bytes], tuple[Reading, Reading]]:
    """Read the bytes of a capture by both engines: (packets, Wireshark)."""
    return lambda capture: (by_packets(BytesIO(capture)), by_wireshark(BytesIO(capture)))


def _all(sessions: Iterator[Session]) -> Reading:
    found: list[Session] = []
    try:
        for session in sessions:
            found.append(session)  # noqa: PERF402
    except CaptureError as error:
        return found, error.reason
    return found, None
