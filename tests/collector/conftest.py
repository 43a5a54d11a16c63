"""Real intakes on loopback over a real spool, in an event loop of their own thread; senders are ordinary blocking clients."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from collector.certificate import Certificate, CertificateSettings
from collector.https.intake import HttpsIntake
from collector.https.settings import HttpsSettings
from collector.smtp.intake import SmtpIntake
from collector.smtp.settings import SmtpSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord, StoredRecord
from ingest.spool.spool import Spool

T = TypeVar("T")
LIMITS = SpoolLimits(min_free_bytes=0, reserve_bytes=0)


class LoopThread:
    """An event loop that runs beside the test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@dataclass
class SwitchedSink:
    """The real spool, with a switch in front: a failure to raise instead, or a gate to wait at. Both are off at first."""

    spool: Spool
    failure: BaseException | None = None
    gate: asyncio.Event | None = None
    check_too: bool = False

    async def append_async(self, record: SpoolRecord) -> str:
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return await self.spool.append_async(record)

    def check(self, size: int = 0) -> None:
        if self.check_too and self.failure is not None:
            raise self.failure
        self.spool.check(size)


@dataclass
class Intake:
    """A running intake and what stands behind it."""

    intake: SmtpIntake | HttpsIntake
    thread: LoopThread
    spool: Spool
    sink: SwitchedSink
    certificate: Certificate | None
    stopped: bool = False

    @property
    def address(self) -> tuple[str, int]:
        return self.intake.address

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http{'s' if self.certificate else ''}://{host}:{port}"

    def records(self) -> list[StoredRecord]:
        """Everything that is in the spool."""
        with SpoolReader.open(self.spool.folder, limits=self.spool.limits) as reader:
            found: list[StoredRecord] = []
            while more := reader.read():
                found += more
            return found

    def drain(self) -> None:
        """Take everything out of the spool, as the drain does."""
        with SpoolReader.open(self.spool.folder, limits=self.spool.limits) as reader:
            while reader.read():
                reader.commit()

    def refused(self, reason: str) -> int:
        return self.intake.snapshot().refused.get(reason, 0)

    def connect(self, seconds: float = 10.0, source: str | None = None) -> Wire:
        return Wire(socket.create_connection(self.address, seconds, (source, 0) if source else None))

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.thread.run(self.intake.stop())


@dataclass
class Wire:
    """A raw connection, read line by line."""

    socket: socket.socket
    buffer: bytearray = field(default_factory=bytearray)

    def send(self, *lines: bytes) -> None:
        self.socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def line(self) -> str:
        """The next line without its CRLF; "" at the end."""
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                rest, self.buffer = self.buffer, bytearray()
                return rest.decode()
            self.buffer += more
        line, _, rest = self.buffer.partition(b"\n")
        self.buffer = bytearray(rest)
        return line.decode().rstrip("\r")

    def reply(self) -> str:
        """The last line of the next reply."""
        line = self.line()
        while line[3:4] == "-":
            line = self.line()
        return line

    def ask(self, line: bytes) -> str:
        self.send(line)
        return self.reply()

    def rest(self) -> bytes:
        """Everything up to the end, or the reset."""
        found = bytes(self.buffer)
        try:
            while more := self.socket.recv(65536):
                found += more
        except ConnectionResetError:
            pass
        return found

    def start_tls(self) -> None:
        self.socket = client_tls().wrap_socket(self.socket)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def client_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


StartSmtp = Callable[..., Intake]
StartHttps = Callable[..., Intake]


@pytest.fixture
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(CertificateSettings(tmp_path / "certificate", ("mx.example.org",)), SYSTEM_CLOCK)


def _starter(
    make: Callable[[SwitchedSink, dict[str, Any]], SmtpIntake | HttpsIntake],
    loop_thread: LoopThread,
    folder: Path,
    certificate: Certificate,
    stack: ExitStack,
) -> Callable[..., Intake]:
    def start(*, limits: SpoolLimits = LIMITS, tls: bool = True, **settings: Any) -> Intake:
        spool = Spool.open(folder, limits=limits)
        stack.callback(spool.close)
        sink = SwitchedSink(spool)
        shown = certificate if tls else None
        intake = make(sink, {"certificate": shown, **settings})
        loop_thread.run(intake.start())
        running = Intake(intake, loop_thread, spool, sink, shown)
        stack.callback(running.stop)
        return running

    return start


@pytest.fixture
def start_smtp(loop_thread: LoopThread, tmp_path: Path, certificate: Certificate) -> Iterator[StartSmtp]:
    def make(sink: SwitchedSink, settings: dict[str, Any]) -> SmtpIntake:
        shown = settings.pop("certificate")
        defaults: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "recipients": ("reports@example.org", "dmarc.example.net")}
        return SmtpIntake(SmtpSettings(**{**defaults, "stop_seconds": 2.0, **settings}), sink, SYSTEM_CLOCK, certificate=shown)

    with ExitStack() as stack:
        yield _starter(make, loop_thread, tmp_path / "spool", certificate, stack)


@pytest.fixture
def start_https(loop_thread: LoopThread, tmp_path: Path, certificate: Certificate) -> Iterator[StartHttps]:
    def make(sink: SwitchedSink, settings: dict[str, Any]) -> HttpsIntake:
        shown = settings.pop("certificate")
        defaults: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "tls": shown is not None, "linger_seconds": 0.5, "stop_seconds": 2.0}
        return HttpsIntake(HttpsSettings(**{**defaults, **settings}), sink, SYSTEM_CLOCK, certificate=shown)

    with ExitStack() as stack:
        yield _starter(make, loop_thread, tmp_path / "spool", certificate, stack)
