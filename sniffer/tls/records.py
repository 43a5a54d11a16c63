"""One direction of a TLS conversation as its records show it (RFC 8446 section 5, RFC 5246 section 6).

Handshake bytes are joined over records until encryption starts; afterwards only kinds and sizes can be seen.
The walk stops at the second record of application data: nothing behind it can change what is known.
"""

from __future__ import annotations

import struct

import msgspec

from sniffer.tls.codes import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE

MAX_RECORD = 16384 + 2048
"""Longest fragment that any version allows (RFC 5246 section 6.2.3)."""
MAX_HANDSHAKE = 65536
"""Bytes of plaintext handshake kept a direction; a head holds no more."""
_HEADER = 5
_header = struct.Struct(">BBxH").unpack_from
_ENOUGH_DATA_RECORDS = 2
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""SHA-256 of "HelloRetryRequest": the random of a ServerHello that is one (RFC 8446 section 4.1.3)."""
_RANDOM_AT = 6


class RecordSide(msgspec.Struct, gc=False):
    """What one direction's records showed. Offsets are those of the bytes given, not of the walk's start."""

    handshake: bytes = b""
    """Plaintext handshake messages, joined; the last may be cut."""
    change_cipher_spec: bool = False
    finished: bool = False
    """An encrypted handshake record after ChangeCipherSpec: Finished, in TLS ≤ 1.2."""
    data_records: int = 0
    first_data_length: int = 0
    longest_data_length: int = 0
    """Of the first two."""
    alert: tuple[int, int] | None = None
    """(level, description) of the first plaintext alert."""
    alert_at: int = 0
    encrypted_alert: bool = False
    garbage_at: int | None = None
    """Where bytes begin that are no record."""
    records: int = 0
    """Whole or cut records met; 0 means that nothing looked like TLS."""

    def note_data(self, length: int) -> None:
        """One more record of application data."""
        self.data_records += 1
        self.first_data_length = self.first_data_length or length
        self.longest_data_length = max(self.longest_data_length, length)


def read_records(data: bytes, start: int = 0) -> RecordSide:
    """Walk the records of ``data`` from ``start`` on. Never raises: what is no record ends the walk (``garbage_at``)."""
    side = RecordSide()
    handshake = b""
    position, size = start, len(data)
    last = size - _HEADER
    records = 0
    in_clear = True
    while position <= last:
        kind, major, length = _header(data, position)
        if not 20 <= kind <= 24 or major != 3 or length > MAX_RECORD or not (length or kind == APPLICATION_DATA):
            side.garbage_at = position
            break
        end = position + _HEADER + length
        records += 1
        if kind == HANDSHAKE and in_clear:
            piece = data[position + _HEADER : end]
            handshake = handshake + piece if handshake else piece
        elif end <= size:
            if kind == CHANGE_CIPHER_SPEC:
                side.change_cipher_spec = True
                in_clear = is_retry(handshake)
            elif kind == HANDSHAKE:
                side.finished = True
            elif kind == ALERT:
                _note_alert(side, length, data, position)
            elif kind == APPLICATION_DATA:
                in_clear = False
                side.note_data(length)
                if side.data_records >= _ENOUGH_DATA_RECORDS:
                    break
        position = end
    else:
        if position < size and not _may_begin_a_record(data, position):
            side.garbage_at = position
    side.records = records
    side.handshake = handshake
    return side


def is_retry(handshake: bytes) -> bool:
    """True when these messages are a HelloRetryRequest: the ChangeCipherSpec behind it means nothing (RFC 8446 section 5),
    and the second ServerHello follows in clear."""
    return handshake.startswith(RETRY_RANDOM, _RANDOM_AT)


def looks_like_handshake(data: bytes, position: int = 0) -> bool:
    """True when a handshake record of SSL 3.0 or later starts here (three bytes are enough)."""
    return data[position : position + 2] == b"\x16\x03" and data[position + 2 : position + 3] <= b"\x04"


def _may_begin_a_record(data: bytes, position: int) -> bool:
    """Fewer than five bytes are left: they are a cut header, or not TLS."""
    return CHANGE_CIPHER_SPEC <= data[position] <= 24 and (position + 1 >= len(data) or data[position + 1] == 3)


def _note_alert(side: RecordSide, length: int, data: bytes, position: int) -> None:
    if length != 2:
        side.encrypted_alert = True
    elif side.alert is None:
        side.alert = (data[position + 5], data[position + 6])
        side.alert_at = position


def messages(handshake: bytes) -> list[tuple[int, bytes]]:
    """The whole handshake messages, (type, body) each; a cut one at the end is left out (RFC 8446 section 4)."""
    found: list[tuple[int, bytes]] = []
    position, size = 0, len(handshake)
    while position + 4 <= size:
        end = position + 4 + (handshake[position + 1] << 16 | handshake[position + 2] << 8 | handshake[position + 3])
        if end > size:
            break
        found.append((handshake[position], handshake[position + 4 : end]))
        position = end
    return found
