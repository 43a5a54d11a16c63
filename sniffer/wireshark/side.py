"""What one side of a connection said, as Wireshark's dissectors give it: lines, the ends of messages, TLS records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sniffer.packets.columns import FIN, RST
from sniffer.smtp.commands import parse_command
from sniffer.stream import EMPTY, End, StreamHead
from sniffer.tls.client_hello import parse_ssl2_hello
from sniffer.tls.codes import APPLICATION_DATA
from sniffer.wireshark.coverage import Coverage
from sniffer.wireshark.facts import Packet, SmtpPiece, TlsPiece, TlsRecord

MOST_TEXT = 65536
"""Bytes of lines kept of a side, as much as the packet engine's head."""
MOST_TLS = 8192
"""Bytes kept of a side's TLS: enough to see where it begins. What it says is in the records."""
MOST_RECORDS = 256
_ENOUGH_DATA_RECORDS = 2
"""Nothing behind the second record of application data can change what is known."""
_MOST_MESSAGE = 256
"""Bytes kept of each piece of a message's text."""


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of what a side said in clear; ``at`` and ``size`` in the side's bytes, ``number`` the packet's."""

    kind: Literal["command", "line", "message", "end"]
    at: int
    size: int
    number: int


class Side:
    """One direction. ``data`` holds its lines and the beginning of its TLS; text of messages only in part."""

    def __init__(self, from_text: bool = True) -> None:
        self.coverage = Coverage()
        self.packets = 0
        self.reset = False
        self.data = bytearray()
        self.items: list[Item] = []
        self.marks: list[tuple[int, int, int]] = []
        """(offset, time, packet's number) of each piece."""
        self.records: list[TlsRecord] = []
        self.records_at: list[int] = []
        self.ja3: str | None = None
        self.garbage_at: int | None = None
        self.tls_at: int | None = None
        self.unread_tls = False
        """TLS came that Wireshark took for mail: it has to be asked again."""
        self._waiting: tuple[bytes, Packet] | None = None
        self._unended: tuple[bytes, Packet] | None = None
        self._in_message = False
        self._full = False
        self._read = 0 if from_text else None
        """Offset in the stream up to which Wireshark gave text; None where that doesn't matter: behind DATA, in TLS, in IMAP,
        whose pieces repeat what had no end yet."""
        self._data_records = 0

    def add(self, packet: Packet) -> None:
        """A packet that this side sent."""
        self.packets += 1
        if packet.length:
            useful = self.coverage.add(packet.seq, packet.length, len(packet.payload), packet.flags)
            for piece in packet.pieces if useful else ():
                if not self._is_in_step(piece, packet):
                    self.coverage.lost = True
                    break
                self._piece(piece, packet)
        if packet.flags & FIN:
            self.coverage.finish((packet.seq + packet.length) & 0xFFFFFFFF)
        if packet.flags & RST:
            self.reset = True

    def _is_in_step(self, piece: SmtpPiece | TlsPiece, packet: Packet) -> bool:
        """True when a piece goes on where the one before it ended. Where segments overlap or come out of order, Wireshark's
        dissectors may pass over bytes, or give some twice: what follows can't be trusted then."""
        data, payload = piece.data, packet.payload
        if self._in_message or self.tls_at is not None or (isinstance(piece, SmtpPiece) and piece.repeats):
            self._read = None
        if self._read is None or not data:
            return True
        begin, at = self._read, self.coverage.offset(packet.seq, packet.flags)
        low, top = max(begin, at), min(begin + len(data), at + len(payload))
        if low >= top or data[low - begin : top - begin] != payload[low - at : top - at]:
            return False
        if isinstance(piece, SmtpPiece) or not begins_like_tls(data):
            self._read = begin + len(data)
        return True

    @property
    def has_unread_tls(self) -> bool:
        """TLS came that Wireshark took for something else, or whose records it did not find."""
        return self.unread_tls or (self._waiting is not None and not self.records)

    def take_records(self, other: Side) -> None:
        """The TLS that another reading of the same packets found."""
        if other.records:
            self.records, self.ja3 = other.records, other.ja3
            self.records_at = [self.tls_at or 0] * len(other.records)
            self.garbage_at = None if other.garbage_at is None else self.tls_at

    def number_at(self, offset: int) -> int:
        """The number of the packet that brought the byte at ``offset``."""
        return max((number for at, _, number in self.marks if at <= offset), default=0)

    def head(self) -> StreamHead:
        """This side for the observers."""
        if not self.packets:
            return EMPTY
        if self._waiting:
            data, packet = self._waiting
            self._tls(TlsPiece(data), packet)
        self._take_unended(b"")
        marks = tuple((at, time) for at, time, _ in self.marks)
        return StreamHead(bytes(self.data), marks, self.coverage.from_start, self._end(), self.coverage.size, self.packets)

    def _end(self) -> End:
        if self.coverage.gap or self._is_passed_over:
            return "gap"
        if self._full:
            return "limit"
        if self.coverage.finished:
            return "fin"
        return "rst" if self.reset else "open"

    @property
    def _is_passed_over(self) -> bool:
        """Text came that Wireshark gave in none of its pieces."""
        return self._read is not None and self.tls_at is None and not self._in_message and self._read < self.coverage.front

    def _piece(self, piece: SmtpPiece | TlsPiece, packet: Packet) -> None:
        if isinstance(piece, TlsPiece):
            if not piece.records and begins_like_tls(piece.data):
                self._waiting = piece.data, packet  # a record's beginning: it comes again with the rest
            elif not piece.records and len(packet.payload) < packet.length:
                pass  # Wireshark joins nothing to a segment that the snaplen cut: what this belongs to is unknown
            elif piece.records or self.tls_at is not None:
                self._tls(piece, packet)
            else:  # Wireshark guessed TLS, and found none
                self._text(SmtpPiece(piece.data), packet)
        elif self.tls_at is not None or (not self._in_message and begins_like_tls(piece.data)):
            self.unread_tls = self.unread_tls or not self.records
            self._tls(TlsPiece(piece.data), packet)
        elif piece.repeats:
            self._take_unended(piece.data)
            ended = piece.data.rfind(b"\n") + 1
            self._text(SmtpPiece(piece.data[:ended]), packet)
            self._unended = (piece.data[ended:], packet) if ended < len(piece.data) else None
        else:
            self._text(piece, packet)

    def _take_unended(self, following: bytes) -> None:
        """The line that had no end yet stands for itself if it does not come again."""
        unended, self._unended = self._unended, None
        if unended and not following.startswith(unended[0]):
            self._text(SmtpPiece(unended[0]), unended[1])

    def _tls(self, piece: TlsPiece, packet: Packet) -> None:
        self._waiting = None
        if self.tls_at is None:
            self.tls_at = len(self.data)
        at = len(self.data)
        self.marks.append((at, packet.time, packet.number))
        self.data += piece.data[: max(self.tls_at + MOST_TLS - at, 0)]
        self.ja3 = self.ja3 or piece.ja3
        if (
            piece.garbage
            and piece.data
            and not begins_like_tls(piece.data)
            and self.records
            and self.garbage_at is None
            and not self._data_records
        ):
            self.garbage_at = at
        for record in piece.records:
            if self._data_records >= _ENOUGH_DATA_RECORDS or len(self.records) >= MOST_RECORDS:
                break
            self._data_records += record.kind == APPLICATION_DATA
            self.records.append(record)
            self.records_at.append(at)

    def _text(self, piece: SmtpPiece, packet: Packet) -> None:
        at = 0
        for start, size in piece.commands:
            self._lines(piece.data[at:start], packet)
            self._append("command", piece.data[start : start + size], packet)
            self._in_message = parse_command(self._last_line.rstrip(b"\r\n")).verb in ("DATA", "BDAT")
            at = start + size
        if piece.message_ends and not piece.commands and not self._in_message:
            at = self._message_begins(piece.data, packet)
        self._lines(piece.data[at:], packet)
        if piece.message_ends and self._in_message:
            self._in_message = False
            self._append("end", b".\r\n", packet)

    def _message_begins(self, data: bytes, packet: Packet) -> int:
        """Where the text begins of a message that ends in the piece that brought its commands: Wireshark takes all of it for text."""
        at = 0
        for line in _split(data):
            at += len(line)
            if parse_command(line.rstrip(b"\r\n")).verb == "DATA":
                self._lines(data[:at], packet)
                self._in_message = True
                return at
        return 0

    def _lines(self, text: bytes, packet: Packet) -> None:
        if self._in_message:
            if text:
                self._append("message", text[:_MOST_MESSAGE], packet)
            return
        for line in _split(text):
            self._append("line", line, packet)

    def _append(self, kind: Literal["command", "line", "message", "end"], data: bytes, packet: Packet) -> None:
        if len(self.data) + len(data) > MOST_TEXT:
            self._full = True
        if self._full:
            return
        at = len(self.data)
        if kind in ("command", "line") and self._last_line[-1:] not in (b"", b"\n"):  # the rest of it
            begun = self.items[-1]
            self.items[-1] = replace(begun, size=begun.size + len(data))
        else:
            self.items.append(Item(kind, at, len(data), packet.number))
        if not self.marks or self.marks[-1][2] != packet.number:
            self.marks.append((at, packet.time, packet.number))
        self.data += data

    @property
    def _last_line(self) -> bytes:
        """The latest line, as far as it came; empty when something else came behind it."""
        last = self.items[-1] if self.items else None
        return bytes(self.data[last.at : last.at + last.size]) if last and last.kind in ("command", "line") else b""


def _split(text: bytes) -> list[bytes]:
    """Lines with their line feeds."""
    lines = text.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def begins_like_tls(data: bytes) -> bool:
    """Bytes that begin like a record of TLS, or like a hello in SSL 2.0's form."""
    return (data[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") and data[1:2] in (b"", b"\x03")) or parse_ssl2_hello(data) is not None
