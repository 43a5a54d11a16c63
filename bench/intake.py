"""Durable mails a second: our SMTP intake beside Postfix's ``smtpd``, under Postfix's own ``smtp-source``.

    python -m bench.intake [--mails 5000] [--senders 100] [--rounds 3] [--folder DIR]

Both take the same mail of about 10 KiB (a gzipped report attached) on loopback, on one disk, and keep it: Postfix holds
what comes (``HOLD``, so that nothing but acceptance is measured), ours waits in the spool while its store does not
answer; ``and drains`` is ours while it also reads and judges what comes, in the same process (as smtp-source sends one
mail again and again, its rows are written once). Both acknowledge
behind an fsync. Two kinds of load: a connection for each mail, and ``senders`` connections that go on. The rounds go by
turns, the row is the median of each column. Latencies are those of four more senders beside the load
(bench/probe_intake.py): from the last dot to the 250, and of a whole mail, from connecting to the 250. CPU is the
server's, all its processes. Where others use the machine too, compare CPU: wall time then goes by the number of
processes, and ours is one beside Postfix's hundred. Needs root, as Postfix does, and Debian's package unpacked (tests/setup.sh does that).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple, Protocol

from bench.make_reports import aggregate
from tests.postfix import LIBRARIES, UNPACKED, Postfix, missing
from tests.serving import Serving

ROOT = Path(__file__).resolve().parent.parent
RECIPIENT = "reports@example.org"
BYTES = 10 * 1024
HOLD = """
smtpd_recipient_restrictions = check_client_access static:HOLD, permit_mynetworks, reject
default_process_limit = 250
"""
"""Postfix's own defaults stand for the rest; the limit is raised so that each sender and probe gets a process."""
NOWHERE = "smtp:[127.0.0.1]:9"
TICK = os.sysconf("SC_CLK_TCK")


class Server(Protocol):
    """One of the two, running."""

    port: int
    group: int
    """Process group or process whose time counts."""

    def close(self) -> None: ...


class Held:
    """Postfix that takes mail and keeps it."""

    def __init__(self, folder: Path) -> None:
        self._postfix = Postfix(NOWHERE, NOWHERE, folder, main=HOLD)
        self._postfix.start()
        self.port, self.group = self._postfix.port, self._postfix.group

    def close(self) -> None:
        self._postfix.close()


class Serve:
    """``stripwatch serve`` with an SMTP intake and nothing else that listens."""

    def __init__(self, folder: Path, **settings: str) -> None:
        ours = {"SMTP_PEER_LIMIT": "1000", "SERVE_HTTPS": "false", "SERVE_DASHBOARD": "false"}
        self._serving = Serving(folder, **ours, **settings)
        self.port, self.group = self._serving.ports["smtp"], self._serving.process.pid

    def close(self) -> None:
        self._serving.end(signal.SIGTERM)


def no_store(folder: Path) -> Serve:
    """Its store never answers: what comes stays in the spool."""
    return Serve(folder, STORE="elasticsearch", ELASTICSEARCH_URL="http://127.0.0.1:9")


SERVERS: dict[str, Callable[[Path], Server]] = {"postfix": Held, "stripwatch": no_store, "stripwatch, and drains": Serve}


@dataclass(frozen=True)
class Load:
    name: str
    options: tuple[str, ...]
    """Of ``smtp-source``."""


LOADS = (Load("a connection a mail", ()), Load("connections that go on", ("-d",)))


class Figures(NamedTuple):
    """Of one run: mails a second, p50 and p99 of acceptance, p99 of a whole mail, processor time a mail (milliseconds)."""

    rate: float
    middle: float
    late: float
    whole: float
    cpu: float


def mail() -> bytes:
    """A mailed aggregate report of ten records, brought to BYTES by the text before it; LF line ends."""
    message = EmailMessage()
    message["From"], message["To"] = "reporter@sender.example", RECIPIENT
    message["Subject"] = "Report Domain: mail.example Submitter: reporter0.example"
    message["Message-ID"], message["Date"] = "<1@sender.example>", "Tue, 01 Dec 2026 00:00:00 +0000"
    packed = gzip.compress(aggregate(random.Random(1), 0, 10).encode(), mtime=0)
    message.set_content("This is an aggregate report. Do not reply to it, please.\n" * ((BYTES - 2 * len(packed)) // 57))
    message.add_attachment(packed, maintype="application", subtype="gzip", filename="reporter0.example!mail.example!1!2.xml.gz")
    return message.as_bytes()


def processor_seconds(group: int) -> float:
    """What a process group has used, with its children that ended."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group or int(path.parent.name) == group:
                ticks += sum(map(int, fields[11:15] if int(path.parent.name) == group else fields[11:13]))
    return ticks / TICK


def source(port: int, message: Path, senders: int, mails: int, options: tuple[str, ...]) -> None:
    """Send; ends the bench when a mail is refused."""
    program = UNPACKED / "usr" / "sbin" / "smtp-source"
    command = [program, "-4", *options, "-s", str(senders), "-m", str(mails), "-f", "reporter@sender.example", "-t", RECIPIENT]
    sent = subprocess.run(
        [*command, "-F", message, f"127.0.0.1:{port}"],
        env=os.environ | {"LD_LIBRARY_PATH": str(LIBRARIES)},
        capture_output=True,
        text=True,
        check=False,
    )
    if sent.returncode or sent.stderr:
        sys.exit(f"smtp-source: {sent.stderr}")


def measured(server: Server, load: Load, message: Path, senders: int, mails: int) -> Figures:
    source(server.port, message, senders, senders, load.options)  # every process started, every module imported
    command = [sys.executable, ROOT / "bench" / "probe_intake.py", str(server.port), RECIPIENT, message]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probes:
        time.sleep(0.5)
        used, began = processor_seconds(server.group), time.perf_counter()
        source(server.port, message, senders, mails, load.options)
        took, used = time.perf_counter() - began, processor_seconds(server.group) - used
        said, _ = probes.communicate("")
    accept, whole = (sorted(json.loads(said)[name]) for name in ("accept", "whole"))
    late = int(len(accept) * 0.99)
    return Figures(mails / took, accept[len(accept) // 2], accept[late], whole[late], 1e3 * used / (mails + len(accept)))


def run(name: str, load: Load, folder: Path, senders: int, mails: int) -> Figures:
    """One server's life on a folder of its own."""
    place = Path(tempfile.mkdtemp(prefix="intake-", dir=folder))
    message = folder / "mail.eml"
    message.write_bytes(mail())
    server = SERVERS[name](place)
    try:
        return measured(server, load, message, senders, mails)
    finally:
        server.close()
        shutil.rmtree(place, ignore_errors=True)


def versions() -> str:
    postconf = UNPACKED / "usr" / "sbin" / "postconf"
    said = subprocess.run(
        [postconf, "-d", "-h", "mail_version"],
        env=os.environ | {"LD_LIBRARY_PATH": str(LIBRARIES)},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"Postfix {said.stdout.strip() or '?'}, Python {sys.version.split()[0]}"


def table(folder: Path, senders: int, mails: int, rounds: int) -> None:
    print(f"{versions()}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print(f"{mails:,} mails of {len(mail()):,} bytes, {senders} senders, median of {rounds}\n")
    print("| load | server | mails/s | p50 ms | p99 ms | p99 ms, whole | CPU ms a mail | ÷ Postfix's mails/s |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for load in LOADS:
        runs: dict[str, list[Figures]] = {name: [] for name in SERVERS}
        for _ in range(rounds):
            for name, figures in runs.items():
                figures.append(run(name, load, folder, senders, mails))
        for name, figures in runs.items():
            rate, middle, late, whole, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
            ratio = statistics.median(mine.rate / theirs.rate for mine, theirs in zip(figures, runs["postfix"], strict=True))
            print(f"| {load.name} | {name} | {rate:,.0f} | {middle:.1f} | {late:.1f} | {whole:.1f} | {cpu:.2f} | {ratio:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=5_000)
    parser.add_argument("--senders", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where both keep their mail (default: a temporary folder)")
    given = parser.parse_args()
    if reason := missing():
        sys.exit(reason)
    folder = Path(tempfile.mkdtemp(prefix="intake-bench-", dir=given.folder))
    folder.chmod(0o755)  # Postfix's processes run as another user
    try:
        table(folder, given.senders, given.mails, given.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
