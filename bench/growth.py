"""Does time grow in line with the capture, and does memory stay flat? The same traffic at 1, 4 and 16 times the length.

    python -m bench.growth [--sessions 2000] [--times 1,4,16] [--runs 3]

Captures of bench/make_pcap.py are read by ``stripwatch sniff --json``; the processor time is the least of the runs, without
what starting takes (an empty capture). Exit status 1 when the time a packet grows by more than a quarter from the first
capture to the last, or the peak memory by more than 32 MiB from the second on (the first may be less than one window).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.damage import HEADER
from bench.floods import Memory

ROOT = Path(__file__).resolve().parent.parent
SLOWER = 1.25
LARGER_MIB = 32


@dataclass(frozen=True)
class Reading:
    seconds: float
    """Processor time."""
    peak: int
    """MiB."""
    sessions: int


def made(folder: Path, sessions: int) -> Path:
    path = folder / f"{sessions}.pcap"
    command = [sys.executable, ROOT / "bench/make_pcap.py", path, "--sessions", str(sessions), "--body-bytes", "15000"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return path


def read(capture: Path) -> Reading:
    before = os.times()
    with subprocess.Popen(
        [sys.executable, "-m", "stripwatch", "sniff", "--json", str(capture)], stdout=subprocess.PIPE, cwd=ROOT
    ) as reader:
        assert reader.stdout
        memory = Memory(reader.pid)
        memory.start()
        sessions = sum(1 for line in reader.stdout if json.loads(line)["smtp"]["verdict"])
    memory.join()
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Reading(spent, memory.peak, sessions)


def best(capture: Path, runs: int) -> Reading:
    return min((read(capture) for _ in range(runs)), key=lambda reading: reading.seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--times", default="1,4,16")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(f"{'times':>6}{'sessions':>10}{'MiB':>8}{'CPU s':>8}{'µs/session':>12}{'peak MiB':>10}", flush=True)
    found: list[Reading] = []
    with tempfile.TemporaryDirectory(prefix="stripwatch-growth-") as folder:
        empty = Path(folder, "empty.pcap")
        empty.write_bytes(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        start = best(empty, given.runs).seconds
        for times in map(int, given.times.split(",")):
            capture = made(Path(folder), given.sessions * times)
            reading = best(capture, given.runs)
            found.append(Reading(reading.seconds - start, reading.peak, reading.sessions))
            print(row(times, capture.stat().st_size >> 20, found[-1]), flush=True)
            capture.unlink()
    return 1 if grows(found) else 0


def row(times: int, size: int, one: Reading) -> str:
    return f"{times:6}{one.sessions:10,}{size:8,}{one.seconds:8.2f}{one.seconds / one.sessions * 1e6:12.1f}{one.peak:10}"


def grows(found: list[Reading]) -> bool:
    """True when the last reading took longer a session than the first, or more memory than the second."""
    first, last = found[0], found[-1]
    slower = last.seconds / last.sessions > SLOWER * first.seconds / first.sessions
    larger = last.peak > found[min(1, len(found) - 1)].peak + LARGER_MIB
    print("\n".join([*["time grows faster than the capture"] * slower, *["memory grows with the capture"] * larger]) or "linear and flat")
    return slower or larger


if __name__ == "__main__":
    sys.exit(main())
