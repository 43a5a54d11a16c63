"""Everything that was drained and is still kept, once more: into a store that was lost, or through a mended parser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.spool.checkpoint import load_checkpoint
from ingest.spool.depth import RETIRED, pending_segments, start_of
from ingest.spool.encoding import decode_record
from ingest.spool.filesystem import REAL_FILESYSTEM, Filesystem
from ingest.spool.record import StoredRecord
from ingest.spool.retired import retired_segments
from ingest.spool.segment import HEADER_BYTES, SUFFIX, UnknownVersion, Whole, find_marker, record_id, scan
from ingest.spool.segment_file import SegmentFile


def replay(folder: Path, *, since: int | None = None, filesystem: Filesystem = REAL_FILESYSTEM) -> Iterator[StoredRecord]:
    """Drained records that arrived at or after ``since`` (nanoseconds since the epoch; None: all), with the ids they had.

    Retired segments, then the drained part of those still being written; each producer's in its order. What is not
    drained yet is the drain's to deliver. Damage was counted when it was drained and is passed over. Needs no lock.
    """
    checkpoint = load_checkpoint(filesystem, folder).checkpoint
    pending = [(name, start_of(checkpoint, name).offset) for name, _ in pending_segments(filesystem, folder)]
    seen: set[str] = set()
    for retired in sorted(retired_segments(filesystem, folder), key=lambda found: found.segment):
        if retired.segment not in seen:
            seen.add(retired.segment)
            yield from _records(filesystem, folder / RETIRED / retired.file_name, retired.segment, retired.size, since)
    for name, drained in pending:
        if name not in seen:
            yield from _records(filesystem, folder / (name + SUFFIX), name, drained, since)


def _records(filesystem: Filesystem, path: Path, segment: str, size: int, since: int | None) -> Iterator[StoredRecord]:
    try:
        with SegmentFile(filesystem, path) as file:
            marker = find_marker(file.read, size).value
            for found in scan(file.read, size, start=HEADER_BYTES, number=0, marker=marker, final=False):
                if isinstance(found, Whole) and (since is None or found.arrived_at >= since):
                    record = decode_record(found.payload)
                    if record is not None:
                        yield StoredRecord(id=record_id(segment, found.number), record=record)
    except (FileNotFoundError, UnknownVersion):  # expired meanwhile; a later version's
        return
