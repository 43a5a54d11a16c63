"""Overload from outside: a server in a process of its own, its memory read from /proc, senders on many loopback addresses."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.spool.reader import SpoolReader

LONG = [pytest.mark.long, pytest.mark.timeout(900)]
MIB = 1 << 20


@dataclass
class Server:
    """The process under load."""

    process: subprocess.Popen[str]
    folder: Path
    mail: int
    posts: int

    def peak(self) -> int:
        """Most resident bytes so far."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def stored(self) -> list[bytes]:
        found: list[bytes] = []
        with SpoolReader.open(self.folder / "spool") as reader:
            while some := reader.read():
                found += [each.record.body.split(b"\r\n")[0] for each in some]
        return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    script = Path(__file__).with_name("serve_intakes.py")
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    mail, posts = (int(port) for port in process.stdout.readline().split())
    yield Server(process, tmp_path, mail, posts)
    process.communicate(timeout=60)
    assert process.returncode == 0


def source(number: int) -> tuple[str, int]:
    """A loopback address of its own for each few senders."""
    return f"127.{1 + number // 60_000}.{number // 250 % 240}.{number % 250 + 1}", 0


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(port: int, number: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source(number), ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> str:
    writer.write(line + b"\r\n")
    await writer.drain()
    return await reply(reader)


async def reply(reader: asyncio.StreamReader) -> str:
    while True:
        line = (await reader.readline()).decode()
        if line[3:4] != "-":
            return line


async def try_once(port: int, number: int, body: bytes) -> tuple[str, float]:
    """(the last reply, seconds from the message's end, or its refusal, to it)."""
    started = time.monotonic()
    try:
        async with connected(port, number) as (reader, writer):
            answer = await reply(reader)
            for line in (b"EHLO x", b"MAIL FROM:<a@b> SIZE=%d" % len(body), b"RCPT TO:<r@example.org>", b"DATA"):
                if not answer.startswith(("2", "3")):
                    return answer, time.monotonic() - started
                answer = await ask(reader, writer, line)
            if not answer.startswith("354"):
                return answer, time.monotonic() - started
            writer.write(body + b".\r\n")
            await writer.drain()
            started = time.monotonic()
            return await reply(reader), time.monotonic() - started
    except OSError:
        return "", time.monotonic() - started


async def until_taken(port: int, number: int, body: bytes, seen: list[tuple[str, float]]) -> None:
    """A sender that repeats on 4yz, as every one does."""
    while True:
        answer, seconds = await try_once(port, number, body)
        seen.append((answer[:3], seconds))
        if answer.startswith("250"):
            return
        await asyncio.sleep(0.2)


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]


@pytest.mark.parametrize(
    ("senders", "size"),
    [(100, 10_240), (60, MIB), pytest.param(1000, 10_240, marks=LONG), pytest.param(1000, MIB, marks=LONG)],
)
def test_every_mail_of_many_is_taken_in_bounded_memory(server: Server, senders: int, size: int) -> None:
    seen: list[tuple[str, float]] = []
    bodies = [b"Subject: %d\r\n\r\n" % number + (b"x" * 98 + b"\r\n") * (size // 100) for number in range(senders)]

    async def load() -> None:
        await asyncio.gather(*(until_taken(server.mail, number, body, seen) for number, body in enumerate(bodies)))

    asyncio.run(load())
    replies = {answer for answer, _ in seen}
    taken = [seconds for answer, seconds in seen if answer == "250"]
    print(f"{senders} x {size}: peak {server.peak() // MIB} MiB, {len(seen)} tries, replies {replies}, p99 {p99(taken):.2f} s")
    assert replies <= {"250", "421", "451", "452"}
    assert len(taken) == senders
    assert server.peak() < 512 * MIB
    assert sorted(server.stored()) == sorted(b"Subject: %d" % number for number in range(senders))


async def trickle(port: int, number: int, start: bytes, tls: ssl.SSLContext | None, interval: float, there: asyncio.Semaphore) -> None:
    """One byte now and then, for as long as the server bears it; ``there`` is released once it has begun."""
    with contextlib.suppress(OSError):
        async with connected(port, number, tls) as (_, writer):
            writer.write(start)
            there.release()
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(interval)


STARTS = (b"", b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<r@example.org>\r\nDATA\r\n", b"NOO")
HEADS = (b"POST /v1/tls", b"POST /v1/dmarc HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 99999\r\n\r\n<")


@pytest.mark.parametrize(("slow", "seconds"), [(100, 4), pytest.param(500, 60, marks=LONG)])
def test_slow_ones_do_not_starve_an_honest_one(server: Server, slow: int, seconds: int) -> None:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

    async def load() -> list[tuple[str, float]]:
        there = asyncio.Semaphore(0)
        mail = [trickle(server.mail, number, STARTS[number % len(STARTS)], None, 5, there) for number in range(slow)]
        posts = [trickle(server.posts, slow + number, HEADS[number % len(HEADS)], tls, 5, there) for number in range(slow // 5)]
        tasks = [asyncio.create_task(each) for each in (*mail, *posts)]
        async with asyncio.timeout(60):  # this process, too, needs time until all of them are there
            for _ in tasks:
                await there.acquire()
        honest = []
        for number in range(seconds):
            started = time.monotonic()
            answer, _ = await try_once(server.mail, 59_000 + number, b"Subject: honest\r\n\r\nx\r\n")
            honest.append((answer[:3], time.monotonic() - started))
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - started)))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return honest

    honest = asyncio.run(load())
    print(f"{slow} slow ones: honest p99 {p99([took for _, took in honest]):.3f} s, peak {server.peak() // MIB} MiB")
    assert {answer for answer, _ in honest} == {"250"}
    assert p99([took for _, took in honest]) < 1
