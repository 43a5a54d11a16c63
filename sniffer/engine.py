"""Captures to connections: the packet engine's front door.

    for connection in read_connections(Path("mail.pcap"), settings=EngineSettings(), weird=Weird()):
        ...

One pass, bounded memory: connections are yielded as they end.
"""

from __future__ import annotations

import gc
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
from msgspec.structs import replace

from sniffer.capture.reader import read_records
from sniffer.capture.records import Interface, Records
from sniffer.capture.source import Source, from_stream, opened
from sniffer.dns.asked import SEED
from sniffer.dns.reader import DnsReader
from sniffer.errors import CaptureError, UnsupportedLink
from sniffer.flows.table import Ended, FlowTable
from sniffer.packets.decode import Decoder
from sniffer.packets.link import SUPPORTED
from sniffer.settings import DNS_PORT, SECOND, EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird

Capture = Path | BinaryIO
Seeds = tuple[int, int, int, int]


class Engine:
    """State over one capture, or over several that continue each other (rotated files)."""

    def __init__(
        self, settings: EngineSettings, weird: Weird, seeds: Seeds | None = None, noting: bool = False, dns: DnsReader | None = None
    ) -> None:
        """``noting``: keep in mind which segments the records that were fed last had (``keys``, ``Decoder.record``).
        ``dns``: what has read port 53 up to now."""
        self._settings = settings
        self._decoder = Decoder(settings, seeds or draw_seeds(), weird, noting)
        self._noting = noting
        self._table = FlowTable(settings, weird)
        self._dns = dns or (DnsReader(settings.dns, secrets.token_bytes(SEED), weird) if settings.dns else None)
        self._names: list[str | None] = []
        self.keys = np.empty(0, np.uint64)
        """Their flows."""

    @property
    def decoder(self) -> Decoder:
        """What takes packets apart."""
        return self._decoder

    @property
    def table(self) -> FlowTable:
        """The open connections."""
        return self._table

    @property
    def dns(self) -> DnsReader | None:
        """What reads port 53."""
        return self._dns

    def feed(self, records: Records) -> Iterator[Connection]:
        """Connections that ended in these records."""
        return (connection for _, connection in self.feed_keyed(records))

    def advance(self, now: int) -> Iterator[Connection]:
        """Live: connections whose time is over at ``now`` (nanoseconds since the epoch), though no packet came."""
        return (connection for _, connection in self._connections(self._table.advance(now)))

    def finish(self) -> Iterator[Connection]:
        """Connections that are still open."""
        return (connection for _, connection in self.finish_keyed())

    def feed_keyed(self, records: Records) -> Iterator[tuple[int, Connection]]:
        """As ``feed``, each with its flow's key."""
        self._names = [interface.name for interface in records.interfaces]
        decoded = self._decoder.decode(records)
        if self._dns and self._decoder.dns:
            self._dns.take_datagrams(records, self._decoder.dns)
        latest = records.time[-2:]
        if self._noting:
            self.keys = decoded[0].key if decoded else self.keys[:0]
        if decoded:
            yield from self._connections(self._table.process(*decoded, records.buffer, latest, records.lasting))
        elif len(latest):
            self._table.follow(latest)

    def finish_keyed(self) -> Iterator[tuple[int, Connection]]:
        """As ``finish``, each with its flow's key."""
        return self._connections(self._table.finish())

    def _connections(self, flows: Iterator[Ended]) -> Iterator[tuple[int, Connection]]:
        for flow in flows:
            connection = flow.connection(self._settings, self._names)
            if self._dns and connection.server_port == DNS_PORT and DNS_PORT not in self._settings.ports:
                self._dns.take_connection(connection.entire())
            elif not self._settings.any_port or speaks_smtp(connection, self._settings.ports):
                yield flow.key, self.named(connection)

    def named(self, connection: Connection) -> Connection:
        """A connection with what port 53 told of its server until it ended."""
        mx = self._dns.about(connection) if self._dns and self._dns.heard else None
        return replace(connection, mx=mx) if mx else connection


def draw_seeds() -> Seeds:
    """Seeds of the flow hash that nobody outside can guess."""
    return secrets.randbits(64), secrets.randbits(64), secrets.randbits(64), secrets.randbits(64)


def speaks_smtp(connection: Connection, ports: frozenset[int]) -> bool:
    """True for a connection of a mail port, or whose content shows SMTP: a 220 greeting, or EHLO or HELO."""
    if connection.server_port in ports or connection.client_port in ports:
        return True
    client, server = connection.client.data, connection.server.data
    return (server[:3] == b"220" and server[3:4] in (b" ", b"-")) or client[:5].upper() in (b"EHLO ", b"HELO ")


def is_followed(begun: int, latest: int, begin: int) -> bool:
    """Whether a capture that begins then goes on with one from ``begun`` to ``latest`` (nanoseconds since the epoch). Where
    time stands still there is no order to follow: it may be made up."""
    return begun < begin and latest <= begin <= latest + SECOND


class Series:
    """Captures one after the other. One that follows the former within a second, as rotated files do, is read on from there."""

    def __init__(self, settings: EngineSettings, weird: Weird) -> None:
        """``weird`` counts what was odd in all of them."""
        self._settings = settings
        self._weird = weird
        self._engine: Engine | None = None
        self._begun = self._latest = 0
        self._interfaces: list[Interface] = []

    def read(self, capture: Capture) -> Iterator[Connection]:
        """Connections that ended in the capture, behind those of the former one where it doesn't follow that.

        Raises the CaptureError of a damaged or cut capture behind what stood before; nothing follows such a one.
        """
        links: set[int] = set()
        with frozen_garbage():
            try:
                with _source(capture) as source:
                    for records in read_records(source, self._settings.chunk):
                        if not links and not self._is_followed_by(records):
                            yield from self.finish()
                        links.update(interface.link_type for interface in records.interfaces)
                        yield from self._feed(records)
                        collect_if_many()
                _check_links(links)
            except CaptureError as error:
                yield from self.finish()
                raise error.anew() from None

    def finish(self) -> Iterator[Connection]:
        """Connections that are still open: nothing follows."""
        engine, self._engine = self._engine, None
        if engine:
            with frozen_garbage():
                yield from engine.finish()

    def _feed(self, records: Records) -> Iterator[Connection]:
        if self._engine is None:
            self._engine = Engine(self._settings, self._weird)
            self._begun = int(records.time[0])
        self._latest = int(records.time[-1])
        self._interfaces = records.interfaces
        return self._engine.feed(records)

    def _is_followed_by(self, records: Records) -> bool:
        return is_followed(self._begun, self._latest, int(records.time[0])) and records.interfaces == self._interfaces


def read_connections(captures: Capture | Sequence[Capture], *, settings: EngineSettings, weird: Weird) -> Iterator[Connection]:
    """The TCP connections of interest of one capture, or of several in order, as they end.

    A path, or a binary stream such as stdin's. A damaged or cut capture: what stood before is yielded, the other
    files are read, and the first CaptureError is raised at the end. ``weird`` counts what was odd.
    """
    series = Series(settings, weird)
    damage: CaptureError | None = None
    for capture in captures if isinstance(captures, Sequence) else [captures]:
        try:
            yield from series.read(capture)
        except CaptureError as error:
            damage = damage or error
    yield from series.finish()
    if damage:
        raise damage.anew()


def _source(capture: Capture) -> AbstractContextManager[Source]:
    return opened(capture) if isinstance(capture, Path) else nullcontext(from_stream(capture))


def _check_links(links: set[int]) -> None:
    if links and not links & SUPPORTED:
        raise UnsupportedLink(f"link type {min(links)} is not supported")


_MANY = 500_000
"""Objects made and not gone since the last look: open connections alone come to a few thousand."""


def collect_if_many() -> None:
    """Look for cycles when more is left over than the path itself leaves."""
    if gc.get_count()[0] > _MANY:
        gc.collect(1)


@contextmanager
def frozen_garbage() -> Iterator[None]:
    """No garbage collection by chance meanwhile: looking for cycles over and over costs an eighth of the time. The
    packet path makes none; ``collect_if_many`` between windows catches what others may make."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
