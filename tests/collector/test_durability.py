"""The promise itself, seen from outside: a 250 leaves the process only after an fdatasync that began after the record's
last write and returned 0 (RELIABILITY: durable before acknowledged). strace watches a server in a process of its own."""

from __future__ import annotations

import re
import shutil
import smtplib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.spool.reader import SpoolReader

CALLS = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,fdatasync,fsync"
_CALL = re.compile(r"(?P<task>\d+) +(?:(?P<name>\w+)\((?P<arguments>.*)|<\.\.\. (?P<resumed>\w+) resumed>(?P<rest>.*))$", re.DOTALL)
_RESULT = re.compile(r"\) += (?P<result>-?\d+)[^\n]*$")


@dataclass
class Call:
    """One system call: the trace's lines where it began and ended."""

    name: str
    arguments: str
    began: int
    ended: int = sys.maxsize
    result: int = -1


def read_trace(path: Path) -> list[Call]:
    calls: list[Call] = []
    unfinished: dict[str, Call] = {}
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            found = _CALL.match(line)
            if not found:
                continue
            if found["name"]:
                call = Call(found["name"], found["arguments"], number)
                calls.append(call)
            else:
                call = unfinished.pop(found["task"])
            result = _RESULT.search(line)
            if result:
                call.ended, call.result = number, int(result["result"])
            else:
                unfinished[found["task"]] = call
    return calls


def send(port: int, sender_number: int, mails: int) -> dict[str, str]:
    """Acknowledged ids and what was in the mail."""
    acknowledged = {}
    with smtplib.SMTP("127.0.0.1", port, local_hostname="mx.sender.example", timeout=60) as sender:
        for number in range(mails):
            marker = f"marker-{sender_number}-{number}-end"
            sender.ehlo_or_helo_if_needed()
            sender.mail("a@sender.example")
            sender.rcpt("reports@example.org")
            code, text = sender.data(f"Subject: {marker}\r\n\r\n{'x' * 300}\r\n".encode())
            assert code == 250
            acknowledged[text.decode().rpartition(" ")[2]] = marker
    return acknowledged


def watch(folder: Path, senders: int, mails: int) -> tuple[dict[str, str], list[Call]]:
    trace = folder / "trace"
    script = Path(__file__).with_name("serve_intakes.py")
    server = subprocess.Popen(
        ["strace", "-f", "-y", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace), sys.executable, str(script), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline().split()[0])
        acknowledged: dict[str, str] = {}
        with ThreadPoolExecutor(senders) as pool:
            for some in pool.map(lambda number: send(port, number, mails), range(senders)):
                acknowledged |= some
    finally:
        server.communicate(timeout=60)
    return acknowledged, read_trace(trace)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(("senders", "mails"), [(8, 5), pytest.param(50, 100, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_no_acknowledgement_before_the_sync(tmp_path: Path, senders: int, mails: int) -> None:
    acknowledged, calls = watch(tmp_path, senders, mails)
    assert len(acknowledged) == senders * mails
    with SpoolReader.open(tmp_path / "spool") as reader:
        stored = {}
        while some := reader.read():
            stored |= {each.id: each.record.body.split(b"\r\n")[0].decode().removeprefix("Subject: ") for each in some}
    assert stored == acknowledged
    written = {}
    for call in calls:
        if call.name.startswith(("write", "pwrite")) and ".seg" in call.arguments:
            assert call.result > 0
            written |= dict.fromkeys(re.findall(r"marker-\d+-\d+-end", call.arguments), call)
    syncs = [call for call in calls if call.name == "fdatasync" and ".seg" in call.arguments and call.result == 0]
    told = {}
    for call in calls:
        for record_id in re.findall(r"250 2\.0\.0 queued as ([^\\\s\"]+)", call.arguments) if call.name.startswith("send") else []:
            told[record_id] = call
    assert set(told) == set(acknowledged)
    violations = [
        record_id
        for record_id, reply in told.items()
        if not any(sync.began > written[stored[record_id]].ended and sync.ended < reply.began for sync in syncs)
    ]
    print(f"{len(told)} acknowledgements, {len(syncs)} syncs, {len(violations)} violations")
    assert violations == []
    assert len(syncs) > 0
