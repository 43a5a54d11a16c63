"""Which packets the kernel hands up."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from sniffer.live.filter import capture_filter


def test_tags_come_last_and_nest() -> None:
    plain = capture_filter({587, 25}, tagged=False)
    assert plain.startswith("tcp port 25 or tcp port 587 or ")
    assert "vlan" not in plain
    whole = capture_filter({587, 25})
    assert whole == f"{plain} or (vlan and ({plain} or (vlan and ({plain}))))"


def test_port_53_comes_up_only_when_asked_for() -> None:
    assert "port 53" not in capture_filter({25})
    assert capture_filter({25}, dns=True, tagged=False).startswith("tcp port 25 or port 53 or ")


def compiled(wanted: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("dumpcap")
    if program is None:
        pytest.skip("dumpcap is not installed")
    done = subprocess.run([program, "-i", "lo", "-f", wanted, "-d"], capture_output=True, text=True)
    if "ermi" in done.stderr:
        pytest.skip("dumpcap may not capture here")
    return done


def test_what_is_wrapped_passes_when_asked_for() -> None:
    assert "proto 47" not in capture_filter({25})
    whole = capture_filter({25}, tagged=False, wrapped=True)
    for word in ("tcp port 25", "ip proto 47", "ip6 proto 4", "udp dst port 4789", "ether proto 0x8847", "ip proto 17"):
        assert f"{word} or " in whole or f"{word})" in whole


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("tagged", [True, False])
def test_libpcap_takes_it(tagged: bool, wrapped: bool) -> None:
    done = compiled(capture_filter({25}, dns=True, tagged=tagged, wrapped=wrapped))
    assert done.returncode == 0, done.stderr
    assert "ret" in done.stdout
