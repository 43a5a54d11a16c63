"""Traffic that a mirror delivers in tunnels is what it is without them, to both engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.damage import Frame, read_frames, segment_of, write_frames
from sniffer.session import Session
from tests.sniffer.mirrors import MIRRORS, in_fragments
from tests.sniffer.wireshark.test_both_engines import Said, make, said

NAMES = [name for name in MIRRORS if name != "erspan-3-with-ip"]
"""Wireshark 4.0 takes whatever ERSPAN carries for Ethernet."""
TAG = "network.vlan.id"
"""A tunnel may carry one of its own."""


def mirrored(frames: list[Frame], cut: bool) -> list[Frame]:
    """Each connection through another tunnel."""
    numbers: dict[bytes, int] = {}
    found = []
    for frame in frames:
        part = segment_of(frame.data)
        if part:
            number = numbers.setdefault(part.flow, len(numbers))
            outer = MIRRORS[NAMES[number % len(NAMES)]](frame.data)
            found += [Frame(frame.time, len(data), data) for data in (in_fragments(outer) if cut else [outer])]
    assert len(numbers) > 3 * len(NAMES)
    return found


def tags(sessions: list[Session]) -> dict[str, Any]:
    return {name: value for (name, field), value in said(sessions).items() if field == TAG}


def untagged(sessions: list[Session]) -> Said:
    return {key: value for key, value in said(sessions).items() if key[1] != TAG}


@pytest.mark.parametrize("cut", [False, True])
def test_a_mirror_changes_nothing(cut: bool, tmp_path: Path, by_packets: Callable[..., Any], by_wireshark: Callable[..., Any]) -> None:
    path = make(tmp_path / "made.pcap", "--nasty", "0.3", "--seed", "31")
    plain = by_packets(path)[0]
    write_frames(path, mirrored(read_frames(path), cut))
    packets, wireshark = by_packets(path)[0], by_wireshark(path)[0]
    assert len(plain) > 60
    assert untagged(packets) == untagged(plain)
    assert untagged(wireshark) == untagged(plain)
    assert tags(packets) == tags(wireshark)
    assert any(tags(packets).values())
