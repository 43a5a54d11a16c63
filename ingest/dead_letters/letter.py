"""One dead letter and its file's bytes. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

import msgspec

from ingest.dead_letters.errors import DamagedLetter
from ingest.spool.encoding import clean_text, clean_texts
from ingest.spool.record import SpoolRecord, Way
from ingest.spool.segment import checksum

DETAIL_CHARS: Final = 2_000
_START = re.compile(
    rb"stripwatch-dead-letter 1 ([0-9a-f]{8}) (\d{1,10}) (\d{1,12}) ([0-9a-f]{8}) (\d{1,12}) ([0-9a-f]{8})\n",
    re.ASCII,
)
START_BYTES: Final = 120
"""The first line is shorter than this."""
HEADER_BYTES: Final = 1 << 20
"""Largest header that is read back."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}", re.ASCII)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be used, and the whole of what it came in."""

    record_id: str
    """The spool's."""
    item: int
    """Number of the item in the record, from 0; the record itself is 0 too when nothing in it could be told apart."""
    reason: str
    """A stable snake_case word."""
    detail: str = ""
    """For people; clipped to DETAIL_CHARS."""
    item_name: str | None = None
    """The item's name or path inside the mail or archive; None when the item is the record."""
    time: int
    """When it was given up, nanoseconds since the epoch."""
    raw: bytes
    """The item's bytes as they came."""
    record: SpoolRecord
    """The record it came in, so that a retry sees what the first try saw (the signed mail, not just its attachment)."""

    @property
    def id(self) -> str:
        """The same for the same item of the same record, and fit for a file's name."""
        plain = (
            self.record_id
            if _PLAIN.fullmatch(self.record_id)
            else hashlib.blake2b(clean_text(self.record_id).encode(), digest_size=16).hexdigest()
        )
        return f"{plain}-{self.item:04d}"


class LetterHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON between a letter file's first line and its raw bytes. ``record``'s body is empty."""

    id: str
    record_id: str
    item: int
    reason: str
    detail: str = ""
    item_name: str | None = None
    time: int
    whole: bool = False
    """The item is the record: its body is not stored twice."""
    record: SpoolRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSummary:
    """A line of a list. A letter whose header cannot be read is listed too: ``damaged``, with reason "damaged_letter"."""

    id: str
    size: int
    """Of the file, bytes."""
    damaged: bool = False
    reason: str = DamagedLetter.reason
    detail: str = ""
    record_id: str = ""
    item: int = 0
    item_name: str | None = None
    time: int = 0
    arrived_at: int = 0
    way: Way | None = None
    peer_address: str | None = None


def encode_letter(letter: Letter) -> bytes:
    """The file's bytes."""
    header = LetterHeader(
        id=letter.id,
        record_id=clean_text(letter.record_id),
        item=letter.item,
        reason=letter.reason,
        detail=clean_text(letter.detail)[:DETAIL_CHARS],
        item_name=None if letter.item_name is None else clean_text(letter.item_name)[:DETAIL_CHARS],
        time=letter.time,
        whole=letter.record.body == letter.raw,
        record=clean_texts(msgspec.structs.replace(letter.record, body=b"")),
    )
    head = msgspec.json.encode(header)
    body = b"" if header.whole else letter.record.body
    start = b"stripwatch-dead-letter 1 %08x %d %d %08x %d %08x\n" % (
        checksum(head),
        len(head),
        len(letter.raw),
        checksum(letter.raw),
        len(body),
        checksum(body),
    )
    return b"".join((start, head, b"\n", letter.raw, body))


def decode_header(data: bytes) -> LetterHeader:
    """From the beginning of the file (START_BYTES and the header are enough). Raises DamagedLetter."""
    return _split(data)[0]


def decode_letter(data: bytes) -> Letter:
    """From the whole file. Raises DamagedLetter, also when only the raw bytes are damaged."""
    header, at, sizes = _split(data)
    item_bytes, item_crc, body_bytes, body_crc = sizes
    raw = data[at : at + item_bytes]
    rest = data[at + item_bytes :]
    if len(raw) != item_bytes or checksum(raw) != item_crc or len(rest) != body_bytes or checksum(rest) != body_crc:
        raise DamagedLetter("the raw bytes do not match their checksum")
    return Letter(
        record_id=header.record_id,
        item=header.item,
        reason=header.reason,
        detail=header.detail,
        item_name=header.item_name,
        time=header.time,
        raw=raw,
        record=msgspec.structs.replace(header.record, body=raw if header.whole else rest),
    )


def _split(data: bytes) -> tuple[LetterHeader, int, tuple[int, int, int, int]]:
    """(header, where the raw bytes begin, (item bytes, item CRC, body bytes, body CRC))."""
    start = _START.match(data)
    if start is None:
        raise DamagedLetter("not a dead letter")
    header_crc, header_bytes = int(start[1], 16), int(start[2])
    head = data[start.end() : start.end() + header_bytes]
    if len(head) != header_bytes or checksum(head) != header_crc:
        raise DamagedLetter("the header does not match its checksum")
    try:
        header = msgspec.json.decode(head, type=LetterHeader)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DamagedLetter(f"the header is not as this version knows it: {error}") from error
    return header, start.end() + header_bytes + 1, (int(start[3]), int(start[4], 16), int(start[5]), int(start[6], 16))
