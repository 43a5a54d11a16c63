"""Captures to sessions by way of Wireshark: the second engine's front door.

for session in read_sessions(Path("mail.pcap"), settings=SniffSettings(), ports=SMTP_PORTS, weird=Weird()):
    ...
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from sniffer.capture.source import GZIP, ZSTD, opened
from sniffer.errors import CaptureError, CutShort, DamagedCompression, NotACapture
from sniffer.session import Session, observe
from sniffer.settings import DnsSettings, EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import cut_off
from sniffer.weird import Weird
from sniffer.wireshark.conversation import Conversation
from sniffer.wireshark.conversations import conversations
from sniffer.wireshark.dissection import dissect
from sniffer.wireshark.facts import Packet
from sniffer.wireshark.handshake import handshake_reader
from sniffer.wireshark.names import NamesBeside

ASKED_AGAIN = 256
"""Streams whose TLS Wireshark took for mail that are kept until it is asked about them again, at once."""
_WINDOW = 1 << 20
DNS = DnsSettings()


def read_sessions(
    source: Path | BinaryIO, *, settings: SniffSettings, ports: frozenset[int], weird: Weird, dns: DnsSettings | None = DNS
) -> Iterator[Session]:
    """The sessions of one capture as they end; ``ports``: the server ports that are looked at; ``dns``: port 53, which our
    own reader reads.

    A stream is copied to a temporary file first, as Wireshark may have to read it twice. Raises NoTshark before the
    first session; a damaged or cut capture yields what stood before, then raises the CaptureError.
    """
    with _file(source) as path:
        if not path.stat().st_size:
            raise NotACapture("empty")
        try:
            yield from _sessions(path, settings, EngineSettings(ports=ports, dns=dns), weird)
        except CutShort as error:
            raise _damaged_compression(path) or error from None


def _sessions(path: Path, settings: SniffSettings, engine: EngineSettings, weird: Weird) -> Iterator[Session]:
    ports = engine.ports
    clear = _decode_as(ports, settings)
    damage: list[CaptureError] = []
    again: list[Conversation] = []
    dissected = _until_damage(dissect(path, _filter("tcp.port", ports), clear), damage)
    with closing(dissected) as packets, closing(NamesBeside(path, engine, weird)) as names:
        for conversation in conversations(packets, engine, weird):
            if not conversation.unread_tls:
                yield from _session(conversation, settings, engine, names)
                continue
            again.append(conversation)
            if len(again) >= ASKED_AGAIN:
                yield from _asked_again(path, again, settings, engine, names)
                again = []
        if again:
            yield from _asked_again(path, again, settings, engine, names)
    if damage:
        raise damage.pop(0)


def _decode_as(ports: frozenset[int], settings: SniffSettings) -> dict[str, str]:
    """Which of Wireshark's dissectors reads which port that begins in clear."""
    dissectors = (("smtp", settings.smtp_ports), ("pop", settings.pop3_ports), ("imap", settings.imap_ports))
    return {f"tcp.port=={port}": name for name, known in dissectors for port in sorted(ports & known - settings.implicit_ports)}


def _until_damage(packets: Iterator[Packet], damage: list[CaptureError]) -> Generator[Packet, None, None]:
    """The packets that could be read; what ended them goes to ``damage``, so that open connections are still told."""
    try:
        yield from packets
    except CaptureError as error:
        damage.append(error)


def _asked_again(
    path: Path, again: list[Conversation], settings: SniffSettings, engine: EngineSettings, names: NamesBeside
) -> Iterator[Session]:
    """The same streams, decoded as TLS."""
    known = {conversation.stream: conversation for conversation in again}
    servers = {conversation.ends[1 - conversation.client_place(engine.ports)][1] for conversation in again}
    packets = dissect(path, _filter("tcp.stream", known), {f"tcp.port=={port}": "tls" for port in sorted(servers)})
    for other in conversations(_until_damage(packets, []), EngineSettings(ports=engine.ports), Weird(), from_text=False):
        known[other.stream].take_records(other)
    for conversation in again:
        yield from _session(conversation, settings, engine, names)


def _filter(field: str, wanted: Iterable[int]) -> str:
    """A display filter. What an ICMP error quotes is no packet of the connection."""
    return "(" + " || ".join(f"{field}=={one}" for one in sorted(wanted)) + ") && !icmp && !icmpv6"


def _session(conversation: Conversation, settings: SniffSettings, engine: EngineSettings, names: NamesBeside) -> Iterator[Session]:
    place = conversation.client_place(engine.ports)
    connection = conversation.connection(place)
    if conversation.closed is None:
        until = names.ends_at() if conversation.until is None else conversation.until
        connection = cut_off(connection, until, engine.patience)
    read = handshake_reader(conversation.sides[place], conversation.sides[1 - place])
    session = observe(names.named(connection), settings, read)
    if session:
        yield session


@contextmanager
def _file(source: Path | BinaryIO) -> Iterator[Path]:
    if isinstance(source, Path) and source.is_file():
        yield source
        return
    with tempfile.NamedTemporaryFile(prefix="stripwatch-") as copy:
        if isinstance(source, Path):
            with source.open("rb") as stream:
                shutil.copyfileobj(stream, copy)
        else:
            shutil.copyfileobj(source, copy)
        copy.flush()
        yield Path(copy.name)


def _damaged_compression(path: Path) -> DamagedCompression | None:
    """tshark calls a cut compressed stream a cut capture: tell them apart."""
    with path.open("rb") as file:
        if not file.read(4).startswith((GZIP, ZSTD)):
            return None
    with opened(path) as stream:
        while True:
            window = stream.window(_WINDOW)
            if isinstance(window.broken, DamagedCompression):
                return window.broken
            if window.final:
                return None
            stream.consume(window.size)
