"""Processes and event loops: nothing may be left behind."""

from __future__ import annotations

import gc
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sniffer.errors import NoTshark, UnknownTshark
from sniffer.wireshark.dissection import dissect


@pytest.fixture
def capture(tmp_path: Path, wire: Any) -> Path:
    path = tmp_path / "mail.pcap"
    path.write_bytes(wire.pcap([frame for number in range(12) for frame in wire.session(number * 3).frames]))
    return path


def children() -> list[str]:
    """Names of our own children, the dead that nobody reaped among them."""
    numbers: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that is gone by now
            numbers += (task / "children").read_text().split()
    found = []
    for number in numbers:
        with suppress(OSError):  # a child, likewise
            found.append(Path("/proc", number, "comm").read_text().strip())
    return found


def test_every_packet_is_read_and_tshark_reaped(tshark: str, capture: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(dissect(capture, "tcp", {}))) > 120
        gc.collect()
    assert "tshark" not in children()


def test_stopping_early_stops_tshark(tshark: str, capture: Path) -> None:
    packets = dissect(capture, "tcp", {})
    next(packets)
    packets.close()  # type: ignore[attr-defined]
    assert "tshark" not in children()


def test_it_runs_in_a_thread_as_well(tshark: str, capture: Path) -> None:
    found: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thread = threading.Thread(target=lambda: found.append(len(list(dissect(capture, "tcp", {})))))
        thread.start()
        thread.join(60)
    assert found == [len(list(dissect(capture, "tcp", {})))]


def test_without_tshark_one_clear_error_says_how_to_get_it(capture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoTshark, match="apt install tshark") as caught:
        next(dissect(capture, "tcp", {}))
    assert caught.value.reason == "no_tshark"


@pytest.mark.parametrize(
    "said", ['{"_source": {}}', '{"_source": {"layers": {"frame": {"frame.time_epoch": "noon"}, "ip": {}, "tcp": {}}}}', "{:}"]
)
def test_a_tshark_that_speaks_otherwise_is_told_by_its_version(
    said: str, capture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fields = '"tcp.stream": "1", "tcp.srcport": "1", "tcp.dstport": "25", "tcp.seq_raw": "1", "tcp.flags": "0", "tcp.len": "1"'
    packet = said.replace('"ip": {}', '"ip": {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2"}').replace('"tcp": {}', f'"tcp": {{{fields}}}')
    stand_in = tmp_path / "tshark"
    stand_in.write_text(f"#!/bin/sh\n[ \"$1\" = -v ] && echo 'TShark (Wireshark) 9.8.7' || printf '[\\n  %s\\n]\\n' '{packet}'\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UnknownTshark, match=r"tshark 9\.8\.7 .* --engine numpy"):
        list(dissect(capture, "tcp", {}))
