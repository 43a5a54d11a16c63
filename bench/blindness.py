"""No alarm from our own blindness: sessions with known truth, seen through every damage of bench/damage.py.

    python -m bench.blindness [--sessions 6000] [--seed 1] [--damages NAME,…] [--keep FOLDER]

Sessions are made by bench/make_pcap.py, lookalikes of masks among them, and each damage gets its own. A verdict may
become ``incomplete``; ``stripped_*`` may be said only where the truth says masked. Exit status 1 when one was said
elsewhere; the capture of such a session is kept.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.damage import DAMAGES, Frame, damaged, read_frames, segment_of, write_frames

ROOT = Path(__file__).resolve().parent.parent
MIX = {
    "cleartext-not-offered": 10,
    "cleartext-offered-unused": 10,
    "starttls-tls12": 16,
    "starttls-tls13": 16,
    "starttls-tls10": 4,
    "masked-offer": 6,
    "masked-command": 4,
    "refused": 5,
    "alert-fallback": 5,
    "implicit-tls": 4,
    "lookalike-clear": 10,
    "lookalike-tls": 10,
}
VERDICTS = {
    "cleartext-not-offered": "cleartext_not_offered",
    "cleartext-offered-unused": "cleartext_offered",
    "cleartext-after-alert": "cleartext_offered",
    "lookalike-clear": "cleartext_offered",
    "lookalike-tls": "tls",
    "masked-offer": "stripped_offer",
    "masked-command": "stripped_command",
    "refused": "starttls_refused",
    "handshake-alert": "tls_failed",
    "implicit-tls": "implicit_tls",
    "starttls-tls10": "tls",
    "starttls-tls12": "tls",
    "starttls-tls13": "tls",
}
COLUMNS = ("sessions", "kept", "incomplete", "unseen", "twice", "harmless", "misled", "FALSE")
"""``unseen``: not one record; ``twice``: records after a session's first; ``misled``: another verdict that memory across
sessions would take for a server without an offer or a failed handshake; ``harmless``: any other verdict."""
OFFERLESS = frozenset({"cleartext-not-offered", "masked-offer"})
Ends = tuple[str, int, str, int]


def made(folder: Path, sessions: int, seed: int) -> Path:
    path = folder / "mail.pcap"
    mix = ",".join(f"{kind}={weight}" for kind, weight in MIX.items())
    options = ["--sessions", str(sessions), "--seed", str(seed), "--body-bytes", "1500", "--nasty", "0.4", "--rate", "200", "--mix", mix]
    subprocess.run([sys.executable, ROOT / "bench/make_pcap.py", path, *options], check=True, stderr=subprocess.DEVNULL)
    return path


def truth_of(capture: Path) -> dict[Ends, str]:
    """Client and server → kind, of sessions whose ends are used once."""
    found: dict[Ends, str] = {}
    again = set()
    for line in capture.with_suffix(".truth.ndjson").read_text().splitlines():
        said = json.loads(line)
        ends = (said["src"], said["sport"], said["dst"], said["dport"])
        again |= {ends} & found.keys()
        found[ends] = said["kind"]
    return {ends: kind for ends, kind in found.items() if ends not in again}


def sniffed(capture: Path) -> Iterator[dict[str, Any]]:
    ours = [sys.executable, "-m", "stripwatch", "sniff", "--json", str(capture)]
    with subprocess.Popen(ours, stdout=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout
        yield from map(json.loads, running.stdout)
    if running.returncode:
        raise SystemExit(f"sniff ended with {running.returncode}")


def ends_of(record: dict[str, Any]) -> Ends:
    source, destination = record["source"], record["destination"]
    return str(ipaddress.ip_address(source["ip"])), source["port"], str(ipaddress.ip_address(destination["ip"])), destination["port"]


class Judgement:
    """What became of the sessions of one damaged capture."""

    def __init__(self, truth: dict[Ends, str], records: Iterable[dict[str, Any]]) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(COLUMNS, 0))
        self.wrong: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        """(kind, verdict) → the records that say something else than the truth, and not ``incomplete``."""
        seen: set[Ends] = set()
        for record in records:
            self._count(truth, seen, record)
        self.counts["sessions"], self.counts["unseen"] = len(truth), len(truth.keys() - seen)

    def _count(self, truth: dict[Ends, str], seen: set[Ends], record: dict[str, Any]) -> None:
        ends, verdict = ends_of(record), record["smtp"]["verdict"]
        kind = truth.get(ends, "turned round")
        column = column_of(kind, verdict)
        if column != "FALSE" and ends in seen:
            column = "twice"
        seen.add(ends)
        self.counts[column] += 1
        if column in ("harmless", "misled", "FALSE"):
            self.wrong[kind, verdict].append(record)


def column_of(kind: str, verdict: str) -> str:
    if verdict == VERDICTS.get(kind):
        return "kept"
    if verdict == "incomplete":
        return "incomplete"
    if verdict.startswith("stripped"):
        return "harmless" if kind.startswith("masked") else "FALSE"
    offer_denied = verdict == "cleartext_not_offered" and kind not in OFFERLESS
    return "misled" if offer_denied or verdict == "tls_failed" else "harmless"


def keep(folder: Path, name: str, frames: list[Frame], record: dict[str, Any]) -> Path:
    """The damaged packets of one session, as a capture with its record beside it."""
    source, _, destination, _ = ends = ends_of(record)
    flow = b"".join(ipaddress.ip_address(ip).packed + port.to_bytes(2) for ip, port in ((source, ends[1]), (destination, ends[3])))
    stem = folder / f"{name.replace('%', '')}-{source.replace(':', '_').replace('.', '_')}-{ends[1]}"
    folder.mkdir(parents=True, exist_ok=True)
    write_frames(stem.with_suffix(".pcap"), [f for f in frames if (found := segment_of(f.data.ljust(80, b"\0"))) and found.flow == flow])
    stem.with_suffix(".json").write_text(json.dumps(record, indent=1))
    return stem


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.blindness", description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=6000, help="of each damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--damages", default=",".join(DAMAGES))
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "blindness")
    given = parser.parse_args()
    total: Counter[str] = Counter()
    print(f"{'damage':18}" + "".join(f"{column:>12}" for column in COLUMNS), flush=True)
    for place, name in enumerate(given.damages.split(",")):
        counts = one(name, given.sessions, given.seed * 1000 + place, given.keep)
        total += counts
    print(row("all", total))
    return 1 if total["FALSE"] or not total["kept"] else 0


def one(name: str, sessions: int, seed: int, kept: Path) -> Counter[str]:
    """Make, damage, read, judge; print a row and what was wrong."""
    with tempfile.TemporaryDirectory(prefix="stripwatch-blindness-") as folder:
        capture = made(Path(folder), sessions, seed)
        frames = damaged(read_frames(capture), name, seed)
        write_frames(capture, frames)
        judgement = Judgement(truth_of(capture), sniffed(capture))
    print(row(name, judgement.counts), flush=True)
    for (kind, verdict), records in sorted(judgement.wrong.items(), key=lambda item: -len(item[1])):
        print(f"    {len(records)} × {kind} → {verdict}, such as {keep(kept, name, frames, records[0]).name}")
    return judgement.counts


def row(name: str, counts: Counter[str]) -> str:
    return f"{name:18}" + "".join(f"{counts[column]:12,}" for column in COLUMNS)


if __name__ == "__main__":
    sys.exit(main())
