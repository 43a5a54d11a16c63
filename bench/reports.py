#!/usr/bin/env python3
"""Rates and memory of the report room, beside parsedmarc's.

    python bench/reports.py [--records 100000] [--small 2000] [--tls 2000] [--peer-records 20000] [--no-peer]

Makes its own reports (bench/make_reports.py) and, once, an environment of its own for the peer under .cache/. Each
figure is one process: processor time of the work alone, and how far the peak of its memory (VmHWM: ``ru_maxrss``
outlives exec) rose above the start. Both readers of a line with a ratio read the same files. The large report is read
whole, rows are walked once; "all distinct" gives every record a text of its own, so that nothing can be looked up: the
worst case for us. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
PEER = "parsedmarc==11.1.0"

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
from ingest.reports.reader import read_reports
def work(path):
    with open(path, "rb") as stream:
        (item,) = read_reports(stream)
    report = item.report
    return sum(1 for _ in report.records) if report.kind == "dmarc" else len(report.policies)
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


def measure(python: Path, script: str, paths: list[Path]) -> dict[str, float]:
    run = subprocess.run([python, "-c", script, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(run.stderr)
    figures: dict[str, float] = json.loads(run.stdout.strip().splitlines()[-1])
    return figures


def peer_python() -> Path:
    """The peer's own environment, made on first use."""
    folder = CACHE / "bench-parsedmarc"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", PEER], check=True)
        (folder / "ready").touch()
    return folder / "bin" / "python"


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


def row(name: str, unit: str, ours: dict[str, float], theirs: dict[str, float] | None) -> str:
    def rate(figures: dict[str, float]) -> float:
        return figures["rows" if unit == "records" else "files"] / figures["seconds"]

    peer = "| – | – | –" if theirs is None else f"| {rate(theirs):,.0f} | {theirs['mib']:.0f} | {rate(ours) / rate(theirs):.1f} ×"
    return f"| {name} | {unit} | {rate(ours):,.0f} | {ours['mib']:.0f} {peer} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=2_000)
    parser.add_argument("--tls", type=int, default=2_000)
    parser.add_argument("--peer-records", type=int, default=20_000, help="records of the large report the peer reads")
    parser.add_argument("--no-peer", action="store_true")
    opt = parser.parse_args()
    ours = Path(sys.executable)
    peer = None if opt.no_peer else peer_python()
    large = make(f"large-{opt.records}", large=opt.records, small=0, tls=0)
    peer_large = make(f"large-{opt.peer_records}", large=opt.peer_records, small=0, tls=0)
    many = make(f"many-{opt.small}-{opt.tls}", large=1, small=opt.small, tls=opt.tls)
    print(
        "| reports | unit | ours a second | ours, MiB above the start | parsedmarc a second | MiB | ratio |\n|---|---|---|---|---|---|---|"
    )
    print(row(f"one of {opt.records:,} records", "records", measure(ours, OURS, [large / "large.xml"]), None))
    for name, path in (("", peer_large / "large.xml"), (", all distinct", distinct(peer_large))):
        theirs = measure(peer, THEIRS, [path]) if peer else None
        print(row(f"one of {opt.peer_records:,} records{name}", "records", measure(ours, OURS, [path]), theirs))
    for name, pattern in (("gzipped, 10 records each", "small-*.xml.gz"), ("TLS reports", "tls-*.json")):
        paths = sorted(many.glob(pattern))
        theirs = measure(peer, THEIRS, paths) if peer else None
        print(row(f"{len(paths):,} {name}", "reports", measure(ours, OURS, paths), theirs))


if __name__ == "__main__":
    main()
