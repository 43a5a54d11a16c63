"""Processes and event loops: nothing may be left behind."""

from __future__ import annotations

import gc
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from sniffer.errors import NoTshark
from sniffer.wireshark.dissection import dissect


@pytest.fixture
def capture(tmp_path: Path, wire: Any) -> Path:
    path = tmp_path / "mail.pcap"
    path.write_bytes(wire.pcap([frame for number in range(12) for frame in wire.session(number * 3).frames]))
    return path


def children() -> list[str]:
    """Names of our own children, the dead that nobody reaped among them."""
    numbers = [number for task in Path("/proc/self/task").iterdir() for number in (task / "children").read_text().split()]
    return [comm.read_text().strip() for number in numbers if (comm := Path("/proc") / number / "comm").exists()]


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
