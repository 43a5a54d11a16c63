"""zip archives, member by member, in bounded pieces.

Sizes that an archive declares are never trusted: a deflated member ends where its stream ends, a stored one where its
bytes end. An archive without directory (cut off) is read by its local headers. Nothing is written to disk and member
names are only ever shown.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.reports.budget import Budget
from ingest.reports.errors import BadZip, EncryptedZip, UnsupportedCompression
from ingest.reports.text import PIECE
from ingest.reports.warnings import Notes

_END = b"PK\x05\x06"
_ENTRY = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_END_FORMAT = struct.Struct("<4s4H2LH")
_ENTRY_FORMAT = struct.Struct("<4s6H3L5H2L")
_LOCAL_FORMAT = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF8 = 0x1, 0x800
_UNKNOWN_32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. ``header`` is where its local header begins; sizes are what the archive says."""

    name: str
    method: int
    encrypted: bool
    header: int
    packed: int
    size: int
    checksum: int | None
    """None when only a descriptor behind the data would tell it."""


def members(archive: bytes, budget: Budget, notes: Notes) -> Iterator[Member]:
    """The archive's files in its own order, folders left out. Raises BadZip, TooManyMembers."""
    directory = _directory(archive)
    if directory is None:
        notes.add("zip_directory_missing")
        yield from _by_local_headers(archive, budget)
        return
    offset, count = directory
    for _ in range(count):
        if archive[offset : offset + 4] != _ENTRY or offset + _ENTRY_FORMAT.size > len(archive):
            notes.add("zip_directory_missing")
            return
        fields = _ENTRY_FORMAT.unpack_from(archive, offset)
        flags, method, crc, packed, size, name_length, extra_length, comment_length = (*fields[3:5], *fields[7:13])
        start = offset + _ENTRY_FORMAT.size
        name = _name(archive[start : start + name_length], flags)
        offset = start + name_length + extra_length + comment_length
        budget.member()
        if not name.endswith("/"):
            yield Member(name, method, bool(flags & _ENCRYPTED), fields[16], packed, size, crc)


def inflate(archive: bytes, member: Member, budget: Budget, notes: Notes) -> Iterator[bytes]:
    """The member's content. Raises EncryptedZip, UnsupportedCompression, BadZip, TooLarge."""
    if member.encrypted:
        raise EncryptedZip(member.name)
    if member.method == _STORED:
        pieces = _stored(archive, member, notes)
    elif member.method == _DEFLATED:
        pieces = _deflated(archive, member, notes)
    else:
        raise UnsupportedCompression(f"{member.name}: method {member.method}")
    checksum = size = 0
    for piece in pieces:
        checksum, size = zlib.crc32(piece, checksum), size + len(piece)
        budget.inflate(len(piece))
        budget.check_time()
        yield piece
    if member.checksum is None or notes.has("archive_truncated") or notes.has("archive_damaged"):
        return
    if checksum != member.checksum:
        notes.add("checksum_mismatch")
    if size != member.size and member.size != _UNKNOWN_32:
        notes.add("size_mismatch")


def _directory(archive: bytes) -> tuple[int, int] | None:
    """Offset and number of entries of the central directory; None when there is none that can be used."""
    end = archive.rfind(_END, max(0, len(archive) - 65_557))
    if end < 0 or end + _END_FORMAT.size > len(archive):
        return None
    fields = _END_FORMAT.unpack_from(archive, end)
    count, size, offset = fields[4], fields[5], fields[6]
    if count == 0 and offset in (0, end):
        return (end, 0)
    for start in (offset, end - size):
        if 0 <= start <= len(archive) and archive[start : start + 4] == _ENTRY:
            return start, count
    return None


def _data_start(archive: bytes, member: Member) -> int:
    """Behind the local header, whose name and extra field may differ from the directory's."""
    header = member.header
    if archive[header : header + 4] != _LOCAL or header + _LOCAL_FORMAT.size > len(archive):
        raise BadZip(f"{member.name}: its header is not where the directory says")
    name_length, extra_length = _LOCAL_FORMAT.unpack_from(archive, header)[9:11]
    return int(header + _LOCAL_FORMAT.size + name_length + extra_length)


def _by_local_headers(archive: bytes, budget: Budget) -> Iterator[Member]:
    offset = archive.find(_LOCAL)
    while offset >= 0 and offset + _LOCAL_FORMAT.size <= len(archive):
        fields = _LOCAL_FORMAT.unpack_from(archive, offset)
        flags, method, crc, packed, size, name_length, extra_length = fields[2], fields[3], *fields[6:11]
        start = offset + _LOCAL_FORMAT.size
        name = _name(archive[start : start + name_length], flags)
        data = start + name_length + extra_length
        header, described_later = offset, bool(flags & 0x8) and packed in (0, _UNKNOWN_32)
        offset = archive.find(_LOCAL, data if described_later else data + packed)
        if described_later and method == _STORED:
            packed = (offset if offset >= 0 else len(archive)) - data
        budget.member()
        if not name.endswith("/"):
            yield Member(name, method, bool(flags & _ENCRYPTED), header, packed, size, None if described_later else crc)


def _stored(archive: bytes, member: Member, notes: Notes) -> Iterator[bytes]:
    data = _data_start(archive, member)
    end = data + member.packed
    if end > len(archive):
        notes.add("archive_truncated")
    for start in range(data, min(end, len(archive)), PIECE):
        yield archive[start : min(start + PIECE, end)]


def _deflated(archive: bytes, member: Member, notes: Notes) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    at, held, came_out = _data_start(archive, member), b"", False
    while not inflater.eof:
        if not held:
            held = archive[at : at + PIECE]
            at += len(held)
        if not held:
            notes.add("archive_truncated")
            return
        try:
            piece = inflater.decompress(held, PIECE)
        except zlib.error as error:
            if not came_out:
                raise BadZip(f"{member.name}: damaged in its first block") from error
            notes.add("archive_damaged")
            return
        held = inflater.unconsumed_tail
        if piece:
            came_out = True
            yield piece


def _name(raw: bytes, flags: int) -> str:
    return raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
