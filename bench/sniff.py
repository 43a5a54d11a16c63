"""Our analyzer beside the peers that are here, on one made capture: versions, then time, memory and rates of each.

    python -m bench.sniff [--sessions N] [--rate R] [--body-bytes B] [--runs 3] [--peers NAME …] [--peers-from-index]

The capture is made once, under .cache/bench. Programs (tshark, suricata) are measured where they are on PATH. Python
peers (dpkt, scapy, pyshark, nfstream) are taken from a virtual environment under .cache/peers, which is made, and
filled with those that install, when --peers-from-index is given; without it, those importable there or here count.
The last line says how many of our sessions are right.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LIBRARIES = ("dpkt", "scapy", "pyshark", "nfstream")
PROGRAMS = {"tshark": ("tshark", "--version"), "suricata": ("suricata", "-V"), "capinfos": ("capinfos", "--version")}
ALWAYS = ["cat", "numpy-sum", "stripwatch", "stripwatch-2"]


def made(sessions: int, rate: float | None, body: int | None) -> Path:
    """The capture of these options, with its truth beside it."""
    options = ["--sessions", str(sessions)]
    options += ["--rate", f"{rate:g}"] if rate else []
    options += ["--body-bytes", str(body)] if body else []
    path = CACHE / "bench" / f"mail{'-'.join(options).replace('--', '-')}.pcap"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, ROOT / "bench/make_pcap.py", path, *options], check=True)
    return path


def peers_python(install: bool) -> str:
    """The interpreter that has the Python peers."""
    python = CACHE / "peers/bin/python"
    if install:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", CACHE / "peers"], check=True)
        for name in ("numpy", *LIBRARIES):  # one by one: one that has no wheel here must not take the others with it
            subprocess.run([python, "-m", "pip", "install", "-q", name], check=False)
    return str(python) if python.exists() else sys.executable


def versions(python: str) -> dict[str, str]:
    """Peer → its version, of those that are here."""
    found = {}
    for name, command in PROGRAMS.items():
        if shutil.which(name):
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
            found[name] = said.splitlines()[0] if said else "?"
    for name in LIBRARIES:
        asked = f"import {name}; from importlib.metadata import version; print(version({name!r}))"
        answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
        if not answer.returncode:
            found[name] = f"{name} {answer.stdout.strip()}"
    return found


def judged(capture: Path) -> int:
    """Compare our sessions with the truth; 0 when all are right."""
    ours = [sys.executable, "-m", "stripwatch", "sniff", "--json", str(capture)]
    with subprocess.Popen(ours, stdout=subprocess.PIPE, cwd=ROOT) as sniff:
        truth = capture.with_suffix("").with_suffix(".truth.ndjson")
        return subprocess.run([sys.executable, ROOT / "bench/check_truth.py", truth], stdin=sniff.stdout, check=False).returncode


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.sniff", description=__doc__.splitlines()[0])
    options.add_argument("--sessions", type=int, default=20000)
    options.add_argument("--rate", type=float)
    options.add_argument("--body-bytes", type=int)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--peers", nargs="*", metavar="NAME", help="of them only these (default: all that are here)")
    options.add_argument("--peers-from-index", action="store_true", help="make .cache/peers with the Python peers, from the package index")
    given = options.parse_args()
    capture, python = made(given.sessions, given.rate, given.body_bytes), peers_python(given.peers_from_index)
    here = {name: version for name, version in versions(python).items() if given.peers is None or name in given.peers}
    print(f"Python {sys.version.split()[0]};", "; ".join(here.values()) or "no peer is here", flush=True)
    rows = [*ALWAYS, *here]
    command = [sys.executable, str(ROOT / "bench/peers.py"), str(capture), "--python", python, "--runs", str(given.runs), "--only", *rows]
    timed = subprocess.run(command, cwd=ROOT, check=False)
    return judged(capture) or timed.returncode


if __name__ == "__main__":
    sys.exit(main())
