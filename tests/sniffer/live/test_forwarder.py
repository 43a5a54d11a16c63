"""Nothing leaves the sensor's spool before the collector has it: a real HTTPS intake, up, down and up again."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.certificate import Certificate, CertificateSettings
from collector.https.intake import HttpsIntake
from collector.https.settings import HttpsSettings
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.limits import SpoolLimits
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from sniffer.live.collector_client import Answer, BadCollector, CollectorClient
from sniffer.live.forwarder import LONGEST_WAIT, Forwarder

TOKEN = "0123456789abcdef"
LIMITS = SpoolLimits(min_free_bytes=0)


class Collector:
    """An intake with a spool, in an event loop of its own; ``up`` and ``down`` any number of times, on one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "collector"
        self.certificate = Certificate(CertificateSettings(folder / "certificate", ("localhost",)), SYSTEM_CLOCK)
        self.spool = Spool.open(self.folder, limits=LIMITS)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._intake: HttpsIntake | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/v1/sessions"

    def up(self) -> None:
        settings = HttpsSettings(host="127.0.0.1", port=self.port, tokens=(("gw1", TOKEN),), stop_seconds=1.0, linger_seconds=0.2)
        self._intake = HttpsIntake(settings, self.spool, SYSTEM_CLOCK, certificate=self.certificate)
        self._run(self._intake.start())

    def down(self) -> None:
        if self._intake is not None:
            self._run(self._intake.stop())
            self._intake = None

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.spool.close()

    def lines(self) -> list[bytes]:
        with_reader = SpoolReader.open(self.folder, limits=LIMITS)
        found = with_reader.read(10_000)
        with_reader.close()
        assert {(stored.record.way, stored.record.content, stored.record.token_name) for stored in found} <= {("sensor", "sessions", "gw1")}
        return [line for stored in found for line in gzip.decompress(stored.record.body).splitlines()]

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    running = Collector(tmp_path)
    yield running
    running.close()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool.open(tmp_path / "sensor", limits=LIMITS) as opened:
        yield opened


@pytest.fixture
def reader(spool: Spool) -> Iterator[SpoolReader]:
    opened = SpoolReader.open(spool.folder, limits=LIMITS)
    yield opened
    opened.close()


def keep(spool: Spool, *numbers: int) -> None:
    body = b"".join(b'{"n":%d}\n' % number for number in numbers)
    spool.append(SpoolRecord(way="sniffer", content="sessions", arrived_at=1, body=body))


def found_authority(folder: Path) -> Path:
    return next(path for path in (folder / "certificate").rglob("*") if path.is_file() and b"BEGIN CERTIFICATE" in path.read_bytes())


def test_sessions_wait_while_the_collector_is_down(collector: Collector, spool: Spool, reader: SpoolReader, tmp_path: Path) -> None:
    collector.up()
    with CollectorClient(collector.url, TOKEN, authority=found_authority(tmp_path), seconds=5) as client:
        forwarder = Forwarder(reader, client.post)
        assert forwarder.step() is None
        keep(spool, 1, 2)
        assert forwarder.step() == 0.0
        collector.down()
        keep(spool, 3)
        waits = [forwarder.step() for _ in range(4)]
        assert all(wait and 0 < wait <= LONGEST_WAIT for wait in waits)
        assert (waits[3] or 0) > (waits[0] or 0)
        assert reader.depth().records == 1
        keep(spool, 4)
        collector.up()
        assert forwarder.step() == 0.0
        assert forwarder.step() is None
    assert collector.lines() == [b'{"n":1}', b'{"n":2}', b'{"n":3}', b'{"n":4}']
    assert reader.depth().records == 0
    assert forwarder.counters.refusals == 4


def test_what_was_not_taken_is_there_after_a_restart(collector: Collector, spool: Spool, tmp_path: Path) -> None:
    keep(spool, 1)
    first = SpoolReader.open(spool.folder, limits=LIMITS)
    with CollectorClient(collector.url, TOKEN, authority=found_authority(tmp_path), seconds=5) as client:
        assert Forwarder(first, client.post).step()
        first.close()
        collector.up()
        again = SpoolReader.open(spool.folder, limits=LIMITS)
        assert Forwarder(again, client.post).step() == 0.0
        again.close()
    assert collector.lines() == [b'{"n":1}']


def test_a_wrong_token_or_authority_loses_nothing(collector: Collector, spool: Spool, reader: SpoolReader, tmp_path: Path) -> None:
    collector.up()
    keep(spool, 1)
    with CollectorClient(collector.url, "another secret token", authority=found_authority(tmp_path), seconds=5) as client:
        assert client.post(b"{}\n").said.startswith("401")
        assert Forwarder(reader, client.post).step()
    with CollectorClient(collector.url, TOKEN, seconds=5) as client:
        assert client.post(b"{}\n").fate == "again"
    assert reader.depth().records == 1


def small(limit: int, taken: list[bytes]) -> Callable[[bytes], Answer]:
    def post(lines: bytes) -> Answer:
        if len(lines) > limit:
            return Answer("too_large", "413")
        taken.append(lines)
        return Answer("taken")

    return post


def test_too_large_a_post_is_halved_between_lines(spool: Spool, reader: SpoolReader) -> None:
    taken: list[bytes] = []
    keep(spool, *range(100))
    keep(spool, 10**40)
    forwarder = Forwarder(reader, small(40, taken))
    assert forwarder.step() == 0.0
    assert b"".join(taken).splitlines() == [b'{"n":%d}' % number for number in range(100)]
    assert forwarder.counters.too_large == 1
    assert all(part.endswith(b"\n") for part in taken)


def test_the_collectors_wish_to_wait_is_kept(spool: Spool, reader: SpoolReader) -> None:
    keep(spool, 1)
    assert Forwarder(reader, lambda lines: Answer("again", "503", 600.0)).step() == 600.0


@pytest.mark.parametrize("url", ["http://collector.example.org/v1/sessions", "collector", "ftp://x/", "https://"])
def test_only_https_leaves_the_machine(url: str) -> None:
    with pytest.raises(BadCollector):
        CollectorClient(url, TOKEN)


def test_a_token_and_a_readable_authority_are_needed(tmp_path: Path) -> None:
    with pytest.raises(BadCollector, match="STRIPWATCH_SNIFF_TOKEN"):
        CollectorClient("https://localhost/v1/sessions", "")
    with pytest.raises(BadCollector):
        CollectorClient("https://localhost/v1/sessions", TOKEN, authority=tmp_path / "none.pem")
