"""What Wireshark says of one packet, without Wireshark's own shapes: all that the rest of this room needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from sniffer.tls.client_hello import ClientHello
from sniffer.tls.server_hello import ServerHello


@dataclass(frozen=True, slots=True)
class Certificates:
    """A Certificate message: DER, leaf first."""

    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """A ServerKeyExchange and its named curve."""

    curve: str | None


@dataclass(frozen=True, slots=True)
class HelloDone:
    """A ServerHelloDone."""


Message = ClientHello | ServerHello | Certificates | KeyExchange | HelloDone


@dataclass(frozen=True, slots=True)
class TlsRecord:
    """One record: its content type, the length of its fragment, and what could be read of it."""

    kind: int
    length: int
    messages: tuple[Message, ...] = ()
    alert: tuple[int, int] | None = None
    """(level, description) when it is in clear."""


@dataclass(frozen=True, slots=True)
class TlsPiece:
    """What the TLS dissector got: the bytes, and the records that it found in them."""

    data: bytes
    records: tuple[TlsRecord, ...] = ()
    ja3: str | None = None
    garbage: bool = False
    """The dissector met bytes that are no record."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """What SMTP's dissector got, or POP3's or IMAP's. ``repeats``: a last line without its end comes again at the beginning
    of the next piece."""

    data: bytes
    repeats: bool = False


End = tuple[str, int]
"""Address, port."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One TCP segment. ``time`` is nanoseconds since the epoch; ``length`` payload bytes announced, ``payload`` those
    that the capture holds; ``seq`` and ``ack`` are the header's own numbers."""

    stream: int
    time: int
    source: End
    destination: End
    seq: int
    ack: int
    flags: int
    length: int = 0
    payload: bytes = b""
    vlan: int | None = None
    interface: str | None = None
    pieces: tuple[TextPiece | TlsPiece, ...] = ()
