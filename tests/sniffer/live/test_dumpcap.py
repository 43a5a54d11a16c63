"""dumpcap's complaints as our errors, and what it counts."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sniffer.live.dumpcap import Dumpcap, Tally, find_dumpcap, problem, usable_filter
from sniffer.live.errors import CaptureEnded, CaptureForbidden, NoDumpcap


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Capturing on 'nosuch'\ndumpcap: There is no device named \"nosuch\".\n(No such device exists)\n", "no_such_interface"),
        ('dumpcap: You do not have permission to capture on device "lo".\n(socket: Operation not permitted)\n', "capture_forbidden"),
        (
            "Invalid capture filter \"prt 25\" for interface 'lo'.\n\nThat string isn't a valid capture filter (syntax error).\n",
            "bad_capture_filter",
        ),
        ("Capturing on 'eth9'\nThe network adapter on which the capture was being done is no longer running.\n", "capture_ended"),
        ("", "capture_ended"),
    ],
)
def test_complaints(said: str, reason: str) -> None:
    found = problem(said, "/usr/bin/dumpcap", "nosuch")
    assert found.reason == reason
    assert "\n" not in str(found)


def test_dumpcap_is_missing_or_not_ours_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sniffer.live.dumpcap._ELSEWHERE", ())
    with pytest.raises(NoDumpcap, match="apt install"):
        find_dumpcap()
    (tmp_path / "dumpcap").write_text("")
    with pytest.raises(CaptureForbidden, match="setcap"):
        find_dumpcap()


def script(folder: Path, text: str) -> str:
    path = folder / "dumpcap"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_first_filter_that_fits_the_link_is_used(tmp_path: Path) -> None:
    program = script(tmp_path, 'case "$4" in *vlan*) echo "no VLAN support for Linux cooked v1" >&2; exit 1;; esac')
    assert usable_filter(program, "any", ("tcp or vlan", "tcp")) == "tcp"
    assert usable_filter(program, "any", ("tcp", "udp")) == "tcp"


def test_its_count_is_read_at_its_end(tmp_path: Path) -> None:
    counted = "Packets received/dropped on interface 'Loopback: lo': 12/3 (pcap:3/dumpcap:0/flushed:0/ps_ifdrop:0) (80.0%)"
    program = script(
        tmp_path, f"trap 'echo \"{counted}\" >&2; exit 0' TERM; echo ready; while :; do sleep 0.05; done".replace("'Loopback: lo'", "lo")
    )
    running = Dumpcap("lo", "tcp", program=program, buffer_mib=1)
    assert os.read(running.pipe, 6) == b"ready\n"
    running.stop()
    assert running.close() == Tally(12, 3)


def test_an_end_that_nobody_asked_for_is_an_error(tmp_path: Path) -> None:
    program = script(tmp_path, "echo 'The network adapter is no longer running.' >&2; exit 0")
    running = Dumpcap("eth9", "tcp", program=program, buffer_mib=1)
    assert os.read(running.pipe, 1) == b""
    with pytest.raises(CaptureEnded, match="no longer running"):
        running.close()
