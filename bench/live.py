"""How fast may packets come before a live capture loses some? tcpreplay at rising rates over a veth pair in a network namespace.

    unshare -n .venv/bin/python -m bench.live CAPTURE.pcap [RATE…]

Rates in Mbit/s; the default rises until the kernel drops. Needs root, a network namespace, and the Debian packages
tcpreplay, wireshark-common and iproute2 (tests/setup.sh installs them).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

RATES = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
LEFT, RIGHT = "bench0", "bench1"
SETTLE_SECONDS = 3.0
PACKAGES = {"tcpreplay": "tcpreplay", "dumpcap": "wireshark-common", "ip": "iproute2"}
"""Programs, and the Debian packages that have them."""
REPLAY_SECONDS = 12
"""The capture is repeated for so long, each time with other addresses: a short burst would fit into the kernel's buffer.
tcpreplay gives the two directions of an IPv6 connection different ones, so that ``sessions`` counts both halves of it."""


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    if missing := what_is_missing():
        print(f"bench.live: {missing}", file=sys.stderr)
        return 2
    capture = Path(arguments[0])
    rates = [float(rate) for rate in arguments[1:]] or RATES
    lay_cable()
    print(f"{'Mbit/s':>8} {'packets/s':>10} {'packets':>10} {'dropped':>8} {'sessions':>9} {'CPU s':>7}")
    for rate in rates:
        if one(capture, rate):
            print(f"drops begin at {rate:g} Mbit/s")
            return 0
    print("no drops up to here")
    return 0


def what_is_missing() -> str:
    """Why nothing can be measured here; empty when all is there."""
    if absent := {program: package for program, package in PACKAGES.items() if shutil.which(program) is None}:
        return f"{', '.join(absent)} not found: apt-get install {' '.join(absent.values())}"
    if os.geteuid():
        return "not root: a network namespace and tcpreplay need it"
    return "not in a network namespace of its own: run it under unshare -n" if len(socket.if_nameindex()) > 1 else ""


def lay_cable() -> None:
    """Two ends of a virtual cable, without the kernel's own packets on it."""
    subprocess.run(["ip", "link", "add", LEFT, "type", "veth", "peer", "name", RIGHT], check=True)
    for end in (LEFT, RIGHT):
        subprocess.run(["ip", "link", "set", end, "mtu", "9000", "addrgenmode", "none"], check=True)
        subprocess.run(["ip", "link", "set", end, "up"], check=True)


def one(capture: Path, rate: float) -> int:
    """Replay once; print a row; the packets that the kernel dropped."""
    before = os.times()
    sniffing = subprocess.Popen(
        [sys.executable, "-m", "stripwatch", "sniff", "-i", RIGHT, "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(SETTLE_SECONDS)
    replay = ["tcpreplay", "-q", "-K", "--loop=0", "--unique-ip", f"--duration={REPLAY_SECONDS}", "-i", LEFT, "-M", str(rate), str(capture)]
    said = subprocess.run(replay, capture_output=True, text=True, check=True).stdout
    time.sleep(SETTLE_SECONDS)
    sniffing.send_signal(signal.SIGTERM)
    log = sniffing.communicate()[1]
    after = os.times()
    dropped = number(r"(\d+) of \d+ packets dropped", log)
    packets = number(r": (\d+) packets, \d+ sessions, \d+ connections open, .*dropped by the kernel", log)
    sessions = number(r"(\d+) sessions, \d+ connections open, .*dropped by the kernel", log)
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    speed = number(r"([\d]+)[\d.]* pps", said)
    print(f"{rate:8g} {speed:10,} {packets:10,} {dropped:8,} {sessions:9,} {spent:7.1f}")
    return dropped


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else -1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
