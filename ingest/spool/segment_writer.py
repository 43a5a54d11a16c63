"""The segment file that a producer is writing: made, appended to, and sealed or given up. It only grows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ingest.spool.durable_file import TEMPORARY, write_all
from ingest.spool.filesystem import Filesystem
from ingest.spool.segment import FRAME_BYTES, HEADER_BYTES, MARKER_BYTES, SUFFIX, encode_frame, encode_header


class EncodedRecord(NamedTuple):
    """A record's payload, ready but for its number. A tuple, since one is made for each append."""

    arrived_at: int
    payload: bytes
    crc: int

    @property
    def stored_bytes(self) -> int:
        return FRAME_BYTES + len(self.payload)


class SegmentWriter:
    """One open segment file, locked for as long as it is written."""

    def __init__(self, filesystem: Filesystem, path: Path, name: str, descriptor: int, marker: bytes) -> None:
        self.name = name
        self.offset = HEADER_BYTES
        """Everything before it is durable."""
        self.number = 0
        """Of the next record."""
        self._filesystem = filesystem
        self._path = path
        self._descriptor = descriptor
        self._marker = marker

    @classmethod
    def create(cls, filesystem: Filesystem, folder: Path, name: str) -> SegmentWriter:
        """A new, locked file whose header and name are durable: it is also the probe after a fault. OSError if not.

        It is made under a temporary name, so a reader never sees one that is not yet locked.
        """
        path = folder / (name + SUFFIX)
        temporary = path.with_name(path.name + TEMPORARY)
        marker = secrets.token_bytes(MARKER_BYTES)
        descriptor = filesystem.create(temporary)
        try:
            filesystem.lock(descriptor)
            write_all(filesystem, descriptor, encode_header(name, marker))
            filesystem.fdatasync(descriptor)
            filesystem.rename(temporary, path)
            filesystem.sync_folder(folder)
        except OSError:
            for litter in (temporary, path):
                with suppress(OSError):
                    filesystem.unlink(litter)
            with suppress(OSError):
                filesystem.close(descriptor)
            raise
        return cls(filesystem, path, name, descriptor, marker)

    def append(self, records: Sequence[EncodedRecord]) -> range:
        """Write and sync them all; their numbers. On OSError none is acknowledged and the file must be given up."""
        pieces: list[bytes] = []
        number = self.number
        for record in records:
            pieces.append(encode_frame(self._marker, number, record.arrived_at, len(record.payload), record.crc))
            pieces.append(record.payload)
            number += 1
        data = b"".join(pieces)
        write_all(self._filesystem, self._descriptor, data)
        self._filesystem.fdatasync(self._descriptor)
        numbers = range(self.number, number)
        self.number = number
        self.offset += len(data)
        return numbers

    def give_up(self) -> None:
        """After a failed append: cut back what was not acknowledged, and never write this file again.

        If the cut fails too, its records may come out although nobody was told that they were taken; that is harmless.
        """
        with suppress(OSError):
            self._filesystem.truncate(self._descriptor, self.offset)
        self.seal()

    def seal(self) -> None:
        """Let the file go: whoever reads it may now take its end as final."""
        if self.number == 0:
            with suppress(OSError):
                self._filesystem.unlink(self._path)
        with suppress(OSError):
            self._filesystem.unlock(self._descriptor)
        with suppress(OSError):
            self._filesystem.close(self._descriptor)
