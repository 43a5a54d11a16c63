#!/usr/bin/env python3
"""Rates and memory of the report room, beside parsedmarc's.

    python -m bench.reports [--records 100000] [--small 5000] [--tls 5000] [--rounds 3] [--no-peer]

Makes its own reports (bench/make_reports.py) and, once, an environment of its own for the peer under .cache/peers. Each
figure is one process: processor time of the work alone, and how far the peak of its memory (VmHWM: ``ru_maxrss``
outlives exec) rose above the start. Both readers of a line read the same files, offline, walk every record and look its
address's country and AS up, each in the data set it comes with; the rounds go A B A B, and the median of each column is
shown. "All distinct" gives every record a text of its own, so that nothing can be looked up: the worst case for us.
The last lines are ``stripwatch parse --json`` as a whole process: its peak beside that of ``stripwatch --help``.
Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
PEER = "parsedmarc==11.1.0"

Figures = dict[str, float]

METER = """
import json, re, sys, time
def rss(): return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
def run(work, paths):
    start, begun = rss(), time.process_time()
    rows = sum(work(path) for path in paths)
    print(json.dumps({"rows": rows, "files": len(paths), "seconds": time.process_time() - begun, "mib": rss() - start}))
"""
OURS = (
    METER
    + """
from ingest.enrich.enricher import Enricher
from ingest.enrich.packaged import PackagedPlaces
from ingest.reports.reader import read_reports
place = Enricher([PackagedPlaces()]).place
def work(path):
    with open(path, "rb") as stream:
        (item,) = read_reports(stream)
    report = item.report
    if report.kind == "dmarc":
        return sum(1 for record in report.records if place(record.source_ip))
    return len(report.policies)
place("192.0.2.1")
run(work, sys.argv[1:])
"""
)
THEIRS = (
    METER
    + """
import parsedmarc
def work(path):
    report = parsedmarc.parse_report_file(path, offline=True, always_use_local_files=True)
    kind = report["report_type"]
    return len(report["report"]["records"] if kind == "aggregate" else report["report"]["policies"])
run(work, sys.argv[1:])
"""
)


def measure(python: Path, script: str, paths: list[Path]) -> Figures:
    run = subprocess.run([python, "-c", script, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(run.stderr)
    figures: Figures = json.loads(run.stdout.strip().splitlines()[-1])
    return figures


def peer_python() -> Path:
    """The interpreter that has the peer: bench/sniff.py's environment, made on first use."""
    folder = CACHE / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    if subprocess.run([python, "-c", "import parsedmarc"], capture_output=True, check=False).returncode:
        subprocess.run([folder / "bin" / "pip", "install", "-q", PEER], check=True)
    return python


def make(name: str, **options: int) -> Path:
    folder = CACHE / "bench-reports" / name
    if not (folder / "large.xml").exists():
        arguments = [f"--{key}={value}" for key, value in options.items()]
        subprocess.run([sys.executable, ROOT / "bench" / "make_reports.py", folder, *arguments], check=True)
    return folder


def distinct(folder: Path) -> Path:
    """The folder's large report with a selector of its own in every record."""
    path = folder / "distinct.xml"
    numbers = itertools.count()
    path.write_text(re.sub(r"<selector>[^<]*<", lambda _: f"<selector>u{next(numbers)}<", (folder / "large.xml").read_text()))
    return path


def by_turns(peer: Path | None, paths: list[Path], rounds: int) -> tuple[Figures, Figures | None]:
    """Medians of ours and theirs, measured A B A B."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(measure(Path(sys.executable), OURS, paths))
        if peer is not None:
            theirs.append(measure(peer, THEIRS, paths))
    return medians(ours), medians(theirs) if theirs else None


def medians(runs: list[Figures]) -> Figures:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def row(name: str, unit: str, ours: Figures, theirs: Figures | None) -> str:
    def rate(figures: Figures) -> float:
        return figures["rows" if unit == "records" else "files"] / figures["seconds"]

    peer = "| – | – | –" if theirs is None else f"| {rate(theirs):,.0f} | {theirs['mib']:.0f} | {rate(ours) / rate(theirs):.1f} ×"
    return f"| {name} | {unit} | {rate(ours):,.0f} | {ours['mib']:.0f} {peer} |"


def peak(*arguments: str | Path) -> float:
    """MiB that a whole ``stripwatch`` took at most. Its parent is a small process: a child's peak starts at its parent's."""
    watched = (
        "import os, subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL); print(os.wait4(p.pid, 0)[2].ru_maxrss)"
    )
    command = [sys.executable, "-S", "-c", watched, sys.executable, "-m", "stripwatch", *arguments]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=5_000)
    parser.add_argument("--tls", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true")
    opt = parser.parse_args()
    peer = None if opt.no_peer else peer_python()
    large = make(f"large-{opt.records}", large=opt.records, small=0, tls=0)
    many = make(f"many-{opt.small}-{opt.tls}", large=1, small=opt.small, tls=opt.tls)
    print(f"Python {sys.version.split()[0]}; {PEER if peer else 'no peer'}; median of {opt.rounds}\n")
    print("| reports | unit | ours a second | ours, MiB above the start | parsedmarc a second | MiB | ratio |")
    print("|---|---|---|---|---|---|---|")
    cases: list[tuple[str, str, list[Path]]] = [
        (f"one of {opt.records:,} records", "records", [large / "large.xml"]),
        (f"one of {opt.records:,} records, all distinct", "records", [distinct(large)]),
        (f"{opt.small:,} gzipped, 10 records each", "reports", sorted(many.glob("small-*.xml.gz"))),
        (f"{opt.tls:,} TLS reports", "reports", sorted(many.glob("tls-*.json"))),
    ]
    for name, unit, paths in cases:
        print(row(name, unit, *by_turns(peer, paths, opt.rounds)), flush=True)
    print("\n| process | peak MiB |\n|---|---|")
    print(f"| stripwatch --help | {peak('--help'):.0f} |")
    print(f"| stripwatch parse --json, {opt.records:,} records | {peak('parse', '--json', large / 'large.xml'):.0f} |")


if __name__ == "__main__":
    main()
