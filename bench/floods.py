"""Floods against the flow table's cap, streamed into the command line, and real sessions right after them.

    python -m bench.floods [NAME…] [--share 1.0]

Each flood is a capture made on the fly (NumPy) and piped into ``stripwatch sniff --json -``; at its end, without a
pause, come sessions of bench/make_pcap.py whose truth is known. Prints packets, time and the peak memory; exit status
1 when memory passed the baseline (ordinary mail of some windows) by more than the cap, or a session was judged wrongly.
``--share`` scales the number of packets.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from bench.blindness import Judgement, truth_of
from bench.damage import HEADER
from sniffer.settings import EngineSettings

ROOT = Path(__file__).resolve().parent.parent
START = 1_796_083_200
"""Seconds since the epoch: when bench/make_pcap.py's captures begin, too."""
RATE = 100_000
"""Packets a second of capture time."""
AT_ONCE = 50_000
GIB = 1 << 30
SYN, ACK, SYN_ACK = 2, 16, 18
SESSIONS = 50
Block = np.ndarray[Any, np.dtype[Any]]


def record_type(payload: int) -> np.dtype[Any]:
    """A pcap record: Ethernet, IPv4, TCP without options, payload."""
    return np.dtype(
        [
            ("second", "<u4"),
            ("micro", "<u4"),
            ("kept", "<u4"),
            ("size", "<u4"),
            ("ethernet", "S14"),
            ("version", "u1"),
            ("tos", "u1"),
            ("length", ">u2"),
            ("id", ">u2"),
            ("fragment", ">u2"),
            ("ttl", "u1"),
            ("protocol", "u1"),
            ("checksum", ">u2"),
            ("source", ">u4"),
            ("destination", ">u4"),
            ("source_port", ">u2"),
            ("destination_port", ">u2"),
            ("seq", ">u4"),
            ("ack", ">u4"),
            ("offset", "u1"),
            ("flags", "u1"),
            ("window", ">u2"),
            ("tcp_checksum", ">u2"),
            ("urgent", ">u2"),
            *([("payload", f"S{payload}")] if payload else []),
        ]
    )


ETHERNET = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00"
SERVER = 0xC0000219
CLIENTS = 0x0A000000


def packets(clients: Block, from_client: bool, flags: int, seq: int, ack: int = 0, payload: bytes = b"") -> Block:
    """One packet of each client (numbered from 0); times are still to be set."""
    found = np.zeros(len(clients), record_type(len(payload)))
    found["kept"] = found["size"] = 54 + len(payload)
    found["ethernet"] = ETHERNET
    found["version"], found["length"], found["fragment"], found["ttl"], found["protocol"] = 0x45, 40 + len(payload), 0x4000, 64, 6
    client, port = CLIENTS + clients, 1024 + clients % 60_000
    found["source"], found["destination"] = (client, SERVER) if from_client else (SERVER, client)
    found["source_port"], found["destination_port"] = (port, 25) if from_client else (25, port)
    found["seq"], found["ack"], found["offset"], found["flags"], found["window"] = seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 64240
    if payload:
        found["payload"] = payload
    return found


def timed(block: Block, first: int) -> bytes:
    """The block's bytes, its packets numbered from ``first``."""
    places = first + np.arange(len(block))
    block["second"] = START + places // RATE
    block["micro"] = places % RATE * (1_000_000 // RATE)
    return block.tobytes()


Turn = tuple[bool, int, int, int, bytes]
"""From the client, flags, sequence number, acknowledgement, payload."""
OPENING: tuple[Turn, ...] = ((True, SYN, 999, 0, b""), (False, SYN_ACK, 4999, 1000, b""))
GREETED: tuple[Turn, ...] = (*OPENING, (True, ACK, 1000, 5000, b""), (False, ACK, 5000, 1000, b"220 mx.example ESMTP\r\n"))


def conversations(count: int, turns: tuple[Turn, ...]) -> Iterator[bytes]:
    """The same turns from so many clients, one turn of AT_ONCE clients after the other."""
    sent = 0
    for first in range(0, count, AT_ONCE):
        clients = np.arange(first, min(count, first + AT_ONCE))
        for from_client, flags, seq, ack, payload in turns:
            yield timed(packets(clients, from_client, flags, seq, ack, payload), sent)
            sent += len(clients)


def one_way(count: int, flows: int) -> Iterator[bytes]:
    """So many segments of 1448 bytes from so many clients in turn, which no one acknowledges."""
    text = (b"0123456789" * 145)[:1448]
    yield timed(packets(np.arange(flows), True, SYN, 999), 0)
    for first in range(0, count, AT_ONCE):
        places = np.arange(first, min(count, first + AT_ONCE))
        block = packets(places % flows, True, ACK, 0, 5000, text)
        block["seq"] = (1000 + places // flows * len(text)) & 0xFFFFFFFF
        yield timed(block, flows + first)


@dataclass(frozen=True)
class Flood:
    what: str
    count: int
    """Connections, or segments of a one-way flood."""
    made: Callable[[int], Iterator[bytes]]
    packets_each: int


def flood_of(what: str, count: int, turns: tuple[Turn, ...]) -> Flood:
    return Flood(what, count, lambda number: conversations(number, turns), len(turns))


FAR: Turn = (True, ACK, 1000 + GIB, 5022, b"x" * 1000)
NEAR: tuple[Turn, ...] = tuple((True, ACK, 1001 + n * 1400, 5022, b"y" * 1400) for n in range(10))
FLOODS: dict[str, Flood] = {
    "syn": flood_of("SYNs from distinct sources", 10_000_000, OPENING[:1]),
    "half-open": flood_of("connections that are answered and never used", 1_000_000, OPENING),
    "one-byte": flood_of("sources with one byte each", 2_000_000, ((True, ACK, 1000, 5000, b"x"),)),
    "greeted": flood_of("connections that go silent after the greeting", 500_000, GREETED),
    "far-holes": flood_of("connections with a segment 1 GiB ahead", 100_000, (*GREETED, FAR)),
    "near-holes": flood_of("connections that miss one byte and go on for 14,000", 100_000, (*GREETED, *NEAR)),
    "one-way": Flood("segments of one client, never acknowledged (1 GiB)", GIB // 1448, lambda number: one_way(number, 1), 1),
    "one-way-many": Flood("segments of 5,000 clients, never acknowledged", GIB // 1448, lambda number: one_way(number, 5000), 1),
}


def sessions_after(seconds: float, folder: Path) -> Path:
    """A capture of real sessions that begin when the flood ends."""
    return _made(folder / "after.pcap", SESSIONS, int(seconds) + 1, 2000)


def ordinary_mail(folder: Path) -> Path:
    """Some 80 MiB of the gateway's usual traffic: what reading costs without a flood."""
    return _made(folder / "ordinary.pcap", 2500, 0, 30_000)


def _made(path: Path, sessions: int, begins: int, body: int) -> Path:
    """Sessions of bench/make_pcap.py that begin so many seconds after START."""
    options = {"sessions": sessions, "start": START + begins, "body-bytes": body, "seed": 4}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    subprocess.run([sys.executable, ROOT / "bench/make_pcap.py", path, *words], check=True, stderr=subprocess.DEVNULL)
    return path


class Memory(threading.Thread):
    """The most resident memory of a process, looked at twenty times a second (the kernel keeps the high water mark)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self.peak = 0
        """MiB."""

    def run(self) -> None:
        while (found := self._high_water()) is not None:
            self.peak = found >> 10
            time.sleep(0.05)

    def _high_water(self) -> int | None:
        """KiB; None once the process is over."""
        try:
            lines = self._status.read_text().splitlines()
        except OSError:
            return None
        return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), None)


@dataclass(frozen=True)
class Outcome:
    seconds: float
    """Processor time of the reader."""
    peak: int
    """MiB."""
    judgement: Judgement

    @property
    def right(self) -> bool:
        counts = self.judgement.counts
        return counts["kept"] == counts["sessions"] > 0


def run(parts: Iterator[bytes], after: Path) -> Outcome:
    """Pipe a flood and the sessions after it into the reader."""
    ours = [sys.executable, "-m", "stripwatch", "sniff", "--json", "-"]
    before = os.times()
    with subprocess.Popen(ours, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as reader:
        assert reader.stdin and reader.stdout
        memory = Memory(reader.pid)
        memory.start()
        threading.Thread(target=feed, args=(reader.stdin, parts, after), daemon=True).start()
        truth = truth_of(after)
        judgement = Judgement(truth, (record for line in reader.stdout if is_real(record := json.loads(line))))
    used = os.times()
    if reader.returncode:
        raise SystemExit(f"sniff ended with {reader.returncode}")
    memory.join()
    seconds = used.children_user + used.children_system - before.children_user - before.children_system
    return Outcome(seconds, memory.peak, judgement)


def is_real(record: dict[str, Any]) -> bool:
    return not record["source"]["ip"].startswith("10.")


def feed(pipe: IO[bytes], parts: Iterator[bytes], after: Path) -> None:
    with pipe:
        pipe.write(HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for part in parts:
            pipe.write(part)
        pipe.write(after.read_bytes()[HEADER.size :])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.floods", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(FLOODS)} (default: all)")
    parser.add_argument("--share", type=float, default=1.0)
    given = parser.parse_args()
    cap = EngineSettings().flow_memory >> 20
    with tempfile.TemporaryDirectory(prefix="stripwatch-floods-") as folder:
        alone = run(iter(()), ordinary_mail(Path(folder)))
        print(f"{'flood':14}{'packets':>12}{'CPU s':>8}{'packets/s':>12}{'peak MiB':>10}{'above':>7}{'right after':>13}")
        print(f"{'ordinary mail':14}{'':12}{alone.seconds:8.1f}{'':12}{alone.peak:10}{0:7}{score(alone):>13}", flush=True)
        good = alone.right
        for name in given.names or FLOODS:
            good &= one(FLOODS[name], name, given.share, alone, cap, Path(folder))
    return 0 if good else 1


def one(flood: Flood, name: str, share: float, alone: Outcome, cap: int, folder: Path) -> bool:
    count = int(flood.count * share)
    total = count * flood.packets_each
    found = run(flood.made(count), sessions_after(total / RATE, folder))
    above = found.peak - alone.peak
    speed = total / max(found.seconds, 0.01)
    verdict = "" if above <= cap and found.right else "  FAILED"
    print(f"{name:14}{total:12,}{found.seconds:8.1f}{speed:12,.0f}{found.peak:10}{above:7}{score(found):>13}{verdict}", flush=True)
    for (kind, said), records in found.judgement.wrong.items():
        print(f"    {len(records)} × {kind} → {said}")
    return not verdict


def score(found: Outcome) -> str:
    return f"{found.judgement.counts['kept']} of {found.judgement.counts['sessions']}"


if __name__ == "__main__":
    sys.exit(main())
