#!/usr/bin/env python3
"""Where parsedmarc reads a report otherwise than we do: every golden input, and every real report at hand.

    python -m bench.parsedmarc_differences [FOLDER…] [--all]

Golden inputs are those under tests/golden/reports; real ones those under ``$STRIPWATCH_SAMPLES/reports`` and in the
FOLDERs. parsedmarc runs offline in an environment of its own (.cache/peers, made once). Compared are the reports that
come out and their figures: records and messages, policies, sessions and MX hosts, or that a message failed. Prints a
Markdown table of the inputs that differ (``--all``: of all), and how many there are of each sort.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.reports import peer_python
from ingest.reports.reader import FoundReport, read_reports

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "reports"
SECONDS = 60
"""What one input may take parsedmarc; then it is counted as refused."""

THEIRS = """
import json, logging, signal, sys, warnings
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import parsedmarc
def slow(*_): raise TimeoutError("takes too long")
signal.signal(signal.SIGALRM, slow)
def shape(kind, report):
    if kind == "aggregate":
        return ["dmarc", len(report["records"]), sum(int(r["count"]) for r in report["records"])]
    if kind == "smtp_tls":
        done = [(int(p.get("successful_session_count") or 0), int(p.get("failed_session_count") or 0)) for p in report["policies"]]
        hosts = sum(len(p.get("mx_host_patterns") or []) for p in report["policies"])
        return ["tlsrpt", len(done), sum(map(sum, done)), hosts]
    return ["failure"]
def read(path):
    if path.endswith(".mbox"):
        found = parsedmarc.get_dmarc_reports_from_mbox(path, offline=True)
        return [shape(*pair) for kind in ("aggregate", "failure", "smtp_tls") for pair in ((kind, r) for r in found[kind + "_reports"])]
    found = parsedmarc.parse_report_file(path, offline=True)
    return [shape(found["report_type"], found["report"])]
for path in sys.argv[2:]:
    signal.alarm(int(sys.argv[1]))
    try:
        answer = read(path)
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"[:200]
    signal.alarm(0)
    print(json.dumps([path, answer]), flush=True)
"""
Answer = list[list[Any]] | str


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.parsedmarc_differences", description=(__doc__ or "").splitlines()[0])
    options.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="more real reports")
    options.add_argument("--all", action="store_true", help="also the inputs that both read alike")
    given = options.parse_args()
    python = peer_python()
    if python is None:
        print("parsedmarc cannot be installed here: nothing to compare with", file=sys.stderr)
        return 1
    names = dict(inputs(given.folders))
    theirs = peer_answers(python, list(names))
    sorts: Counter[str] = Counter()
    print("| input | what differs | stripwatch | parsedmarc |\n|---|---|---|---|")
    for path, name in names.items():
        ours, peers = our_answer(path), theirs.get(path, "no answer")
        sort = difference(ours, peers)
        sorts[sort] += 1
        if given.all or sort != "alike":
            print(f"| {name} | {sort} | {told(ours)} | {told(peers)} |")
    print(f"\n{len(names)} inputs: " + ", ".join(f"{count} {sort}" for sort, count in sorts.most_common()))
    return 0


def inputs(folders: list[Path]) -> Iterator[tuple[Path, str]]:
    """Each input and its name in the table."""
    for path in sorted(GOLDEN.glob("*/input.*")):
        yield path, path.parent.name
    samples = os.environ.get("STRIPWATCH_SAMPLES")
    for folder in [*([Path(samples) / "reports"] if samples else []), *folders]:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in ("ORIGINS.tsv", "expected.ndjson", "README.md"):
                yield path, path.name


def peer_answers(python: Path, paths: list[Path]) -> dict[Path, Answer]:
    """What parsedmarc says of each; a process that dies loses its input and the next goes on behind it."""
    answers: dict[Path, Answer] = {}
    left = list(paths)
    while left:
        done = subprocess.run(
            [python, "-c", THEIRS, str(SECONDS), *map(str, left)], capture_output=True, text=True, check=False, cwd=ROOT / ".cache"
        )
        for line in done.stdout.splitlines():
            path, answer = json.loads(line)
            answers[Path(path)] = answer
        left = [path for path in left if path not in answers]
        if left:
            answers[left.pop(0)] = f"the process died ({done.returncode})"
    return answers


def our_answer(path: Path) -> Answer:
    shapes: list[list[Any]] = []
    reason = ""
    with path.open("rb") as stream:
        for item in read_reports(stream):
            if isinstance(item, FoundReport):
                shapes.append(shape(item))
            else:
                reason = item.error.reason
    return shapes or reason


def shape(item: FoundReport) -> list[Any]:
    """The figures that are compared."""
    report = item.report
    if report.kind == "dmarc":
        return ["dmarc", len(report.records), report.messages]
    if report.kind == "tlsrpt":
        return ["tlsrpt", len(report.policies), report.sessions, sum(len(policy.mx_host) for policy in report.policies)]
    return ["failure"]


def difference(ours: Answer, theirs: Answer) -> str:
    """One word for how the two answers differ."""
    if isinstance(ours, str):
        return "alike" if isinstance(theirs, str) else "only parsedmarc reads it"
    if isinstance(theirs, str):
        return "rejected"
    if sorted(map(repr, ours)) == sorted(map(repr, theirs)):
        return "alike"
    if len(theirs) < len(ours):
        return "reports lost"
    hosts_aside = [[figures[:3] for figures in answer if figures[0] == "tlsrpt"] for answer in (ours, theirs)]
    return "MX hosts lost" if hosts_aside[0] and hosts_aside[0] == hosts_aside[1] else "other figures"


def told(answer: Answer) -> str:
    if isinstance(answer, str):
        return answer.replace("|", "/").replace("\n", " ")[:90]
    words = {"dmarc": "{0} records, {1} messages", "tlsrpt": "{0} policies, {1} sessions, {2} MX", "failure": "a failure"}
    return "; ".join(f"{kind}: {words[kind].format(*figures)}" for kind, *figures in answer)


if __name__ == "__main__":
    sys.exit(main())
