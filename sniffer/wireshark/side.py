"""What one side of a connection said, as Wireshark's dissectors give it: text and TLS records."""

from __future__ import annotations

from sniffer.packets.columns import FIN, RST
from sniffer.stream import EMPTY, End, StreamHead
from sniffer.tls.client_hello import parse_ssl2_hello
from sniffer.tls.codes import APPLICATION_DATA
from sniffer.wireshark.coverage import Coverage
from sniffer.wireshark.facts import Packet, TextPiece, TlsPiece, TlsRecord

MOST_TEXT = 65536
"""Bytes of text kept of a side, as much as the packet engine's head."""
MOST_TLS = 8192
"""Bytes kept of a side's TLS: enough to see where it begins. What it says is in the records."""
MOST_RECORDS = 256
_ENOUGH_DATA_RECORDS = 2
"""Nothing behind the second record of application data can change what is known."""


class Side:
    """One direction. ``data`` holds its text and the beginning of its TLS."""

    def __init__(self, from_text: bool = True) -> None:
        self.coverage = Coverage()
        self.packets = 0
        self.reset = False
        self.data = bytearray()
        self._marks: list[tuple[int, int]] = []
        """(offset, time) of each piece."""
        self.records: list[TlsRecord] = []
        self.records_at: list[int] = []
        self.ja3: str | None = None
        self.garbage_at: int | None = None
        self.tls_at: int | None = None
        self.unread_tls = False
        """TLS came that Wireshark took for mail: it has to be asked again."""
        self._waiting: tuple[bytes, Packet] | None = None
        self._unended: tuple[bytes, Packet] | None = None
        self._full = False
        self._read = 0 if from_text else None
        """Offset in the stream up to which Wireshark gave text; None where that doesn't matter: in TLS, and in IMAP, whose pieces
        repeat what had no end yet."""
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

    def _is_in_step(self, piece: TextPiece | TlsPiece, packet: Packet) -> bool:
        """True when a piece goes on where the one before it ended. Where segments overlap or come out of order, Wireshark's
        dissectors may pass over bytes, or give some twice: what follows can't be trusted then."""
        data, payload = piece.data, packet.payload
        if self.tls_at is not None or (isinstance(piece, TextPiece) and piece.repeats):
            self._read = None
        if self._read is None or not data:
            return True
        begin, at = self._read, self.coverage.offset(packet.seq, packet.flags)
        low, top = max(begin, at), min(begin + len(data), at + len(payload))
        if low >= top or data[low - begin : top - begin] != payload[low - at : top - at]:
            return False
        if isinstance(piece, TextPiece) or not begins_like_tls(data):
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

    def head(self) -> StreamHead:
        """This side for the observers."""
        if not self.packets:
            return EMPTY
        if self._waiting:
            data, packet = self._waiting
            self._tls(TlsPiece(data), packet)
        self._take_unended(b"")
        return StreamHead(bytes(self.data), tuple(self._marks), self.coverage.from_start, self._end(), self.coverage.size, self.packets)

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
        return self._read is not None and self.tls_at is None and self._read < self.coverage.front

    @property
    def _is_at_line(self) -> bool:
        """True where a line begins: in the middle of one, bytes that look like TLS are a message's."""
        return not self.data or self.data.endswith(b"\n")

    def _piece(self, piece: TextPiece | TlsPiece, packet: Packet) -> None:
        if isinstance(piece, TlsPiece):
            if not piece.records and begins_like_tls(piece.data):
                self._waiting = piece.data, packet  # a record's beginning: it comes again with the rest
            elif not piece.records and len(packet.payload) < packet.length:
                pass  # Wireshark joins nothing to a segment that the snaplen cut: what this belongs to is unknown
            elif piece.records or self.tls_at is not None:
                self._tls(piece, packet)
            else:  # Wireshark guessed TLS, and found none
                self._text(piece.data, packet)
        elif self.tls_at is not None or (self._is_at_line and begins_like_tls(piece.data)):
            self.unread_tls = self.unread_tls or not self.records
            self._tls(TlsPiece(piece.data), packet)
        elif piece.repeats:
            self._take_unended(piece.data)
            ended = piece.data.rfind(b"\n") + 1
            self._text(piece.data[:ended], packet)
            self._unended = (piece.data[ended:], packet) if ended < len(piece.data) else None
        else:
            self._text(piece.data, packet)

    def _take_unended(self, following: bytes) -> None:
        """The line that had no end yet stands for itself if it does not come again."""
        unended, self._unended = self._unended, None
        if unended and not following.startswith(unended[0]):
            self._text(unended[0], unended[1])

    def _tls(self, piece: TlsPiece, packet: Packet) -> None:
        self._waiting = None
        if self.tls_at is None:
            self.tls_at = len(self.data)
        at = len(self.data)
        self._marks.append((at, packet.time))
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

    def _text(self, text: bytes, packet: Packet) -> None:
        if text and not self._full:
            self._full = len(self.data) + len(text) > MOST_TEXT
            self._marks.append((len(self.data), packet.time))
            self.data += text[: MOST_TEXT - len(self.data)]


def begins_like_tls(data: bytes) -> bool:
    """Bytes that begin like a record of TLS, or like a hello in SSL 2.0's form."""
    return (data[:1] in (b"\x14", b"\x15", b"\x16", b"\x17") and data[1:2] in (b"", b"\x03")) or parse_ssl2_hello(data) is not None
