"""How far the drain has come: one small file, durable before anything that depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.filesystem import Filesystem
from ingest.spool.segment import checksum

NAME: Final = "checkpoint"
_LIMIT: Final = 64 << 20


class Position(msgspec.Struct, frozen=True, array_like=True):
    """In one segment file: the first byte not drained, and the number its record should have."""

    offset: int
    number: int


class Counters(msgspec.Struct, frozen=True, omit_defaults=True):
    """Since the spool was made."""

    drained_records: int = 0
    damaged_regions: int = 0
    damaged_records: int = 0
    damaged_bytes: int = 0
    torn_tails: int = 0
    """Also counted in the three above: files that end as an interrupted write leaves them."""
    undecodable_records: int = 0
    """Also counted as damaged: whole, but no SpoolRecord that this version knows."""
    quarantine_failures: int = 0
    damaged_checkpoints: int = 0
    retired_segments: int = 0
    expired_segments: int = 0
    """Retired ones unlinked because of their age or all their size."""
    evicted_segments: int = 0
    """Retired ones unlinked early because the disk was nearly full."""

    def plus(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


class Checkpoint(msgspec.Struct, frozen=True):
    """``service`` is how long this spool has been drained, in nanoseconds, by the monotonic clock: retired segments age by
    it, so a jump of the wall clock can not expire them. ``wall`` is the wall clock when it was written."""

    version: int = 1
    positions: dict[str, Position] = {}
    service: int = 0
    wall: int = 0
    counters: Counters = Counters()


@dataclass(frozen=True, slots=True)
class Loaded:
    checkpoint: Checkpoint
    damaged: bool


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    body = msgspec.json.encode(checkpoint)
    return b"%08x\n%s\n" % (checksum(body), body)


def decode_checkpoint(raw: bytes) -> Checkpoint | None:
    """None for anything but a whole checkpoint of this version."""
    crc, _, body = raw.partition(b"\n")
    body = body.removesuffix(b"\n")
    if crc != b"%08x" % checksum(body):
        return None
    try:
        found = msgspec.json.decode(body, type=Checkpoint)
    except (msgspec.DecodeError, RecursionError):
        return None
    sane = all(position.offset >= 0 and position.number >= 0 for position in found.positions.values())
    return found if found.version == 1 and sane else None


def load_checkpoint(filesystem: Filesystem, folder: Path) -> Loaded:
    """The checkpoint; an empty one when there is none or it is damaged: then everything pending is delivered again."""
    try:
        found = decode_checkpoint(read_whole(filesystem, folder / NAME, _LIMIT))
    except FileNotFoundError:
        return Loaded(Checkpoint(), damaged=False)
    except OSError:
        found = None
    return Loaded(found or Checkpoint(), damaged=found is None)


def store_checkpoint(filesystem: Filesystem, folder: Path, checkpoint: Checkpoint) -> None:
    write_durably(filesystem, folder / NAME, encode_checkpoint(checkpoint))
