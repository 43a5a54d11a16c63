"""One capture file in two processes, with the same connections as in one.

The file is cut at a record near its middle. A child reads what follows the cut. The parent reads what precedes it, and
then goes on over the cut, but only with the connections that it knows, until they are over: whatever the child made of
those is dropped. So no connection is cut. Which packets those are, the child has noted (``sniffer.notes``).

DNS answers before the cut name the servers of sessions behind it. So where a capture begins with some, the child first
reads those of the parent's part, and nothing else of it, and gets a smaller part of its own; where they turn up later,
its work is void.
The child's results wait in a file, so memory isn't tied to their number. Captures that can't be cut (pipes, compressed,
pcapng, small) are read in one process.
"""

from __future__ import annotations

import multiprocessing
import pickle
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from multiprocessing.context import ForkContext, SpawnContext
from pathlib import Path
from typing import IO, TypeVar

from sniffer.capture import pcap
from sniffer.capture.reader import pcap_records
from sniffer.capture.source import ByteStream, MappedFile, Source, opened
from sniffer.dns.reader import DnsReader
from sniffer.engine import Engine, Seeds, draw_seeds, frozen_garbage, is_followed, read_connections
from sniffer.errors import CaptureError, JobFailed
from sniffer.flows.table import Handover
from sniffer.notes import NoteBook, read_notes
from sniffer.settings import EngineSettings
from sniffer.stream import Connection
from sniffer.weird import Weird

T = TypeVar("T")
Observe = Callable[[Connection], T]
_AT_ONCE = 256
SMALLEST = 16 << 20
"""A smaller file isn't worth a second process."""
_BEGINNING = 8 << 20
"""Bytes of a capture in which the first answers of port 53 are looked for."""
_END = 1 << 20
"""Bytes of a capture in which its last record is looked for."""
_SHARE, _SHARE_WITH_NAMES = 0.5, 0.56
"""The parent's part of a capture. Where the child reads names first, that takes it a sixth of what all else takes."""


@dataclass(frozen=True, slots=True)
class _Cut:
    format: pcap.PcapFormat
    at: int
    time: int
    named: bool
    """The capture begins with answers of port 53."""


def map_connections(
    path: Path, observe: Observe[T], *, settings: EngineSettings, weird: Weird, jobs: int = 1, smallest: int = SMALLEST
) -> Iterator[T]:
    """``observe(connection)`` of each connection of a capture file, in two processes when ``jobs`` is 2 or more.

    ``observe`` and what it returns must be picklable then. Raises CaptureError at the end as ``read_connections``.
    """
    cut = _cut(path, settings, smallest) if jobs > 1 else None
    if cut is None:
        yield from map(observe, read_connections(path, settings=settings, weird=weird))
        return
    seeds = draw_seeds()
    context = _context()
    with tempfile.NamedTemporaryFile(prefix="stripwatch-") as spool, tempfile.NamedTemporaryFile(prefix="stripwatch-") as notes:
        child = context.Process(target=_second, args=(path, cut, observe, settings, seeds, spool.name, notes.name), daemon=True)
        child.start()
        try:
            first = _First(path, cut, settings, weird, seeds)
            yield from map(observe, first.connections())
            void = not first.joined  # the cut was no record
            if first.joined:
                child.join()
                if child.exitcode:
                    raise JobFailed(f"the second process ended with status {child.exitcode}")
                spool.seek(0)
                knows_names = pickle.load(spool.file)
                void = first.heard_names and not knows_names
            if void:
                yield from map(observe, first.alone())
                return
            yield from map(observe, first.over_the_cut(notes.file))
        finally:
            child.kill()
            child.join()
        yield from _rest(spool.file, first.handover, first.stopped, weird)


def stand_alone(files: Sequence[Path]) -> list[bool]:
    """Which of these captures neither follow the former one nor are followed: only such may be cut in two. Those whose
    times only reading would tell may."""
    spans = [_span(file) for file in files]

    def apart(number: int) -> bool:
        if not 0 < number < len(spans):
            return True
        former, latter = spans[number - 1], spans[number]
        return former is not None and latter is not None and not is_followed(*former, latter[0])

    return [apart(number) and apart(number + 1) for number in range(len(spans))]


def _span(path: Path) -> tuple[int, int] | None:
    """The times of the first and the last record of a classic capture."""
    try:
        with opened(path) as source:
            fmt = _format(source)
            if fmt is None or not isinstance(source, MappedFile):
                return None
            start, mark = max(pcap.FILE_HEADER, len(source) - _END), source.peek(pcap.FILE_HEADER, 16)
            found = pcap.first_record(fmt, source.peek(start, _END), mark)
            if found is None:
                return None
            source.consume(start + found[0])
            *_, last = pcap_records(source, fmt, _END)
            return pcap.time_of(fmt, mark), int(last.time[-1])
    except (CaptureError, OSError, ValueError):
        return None


def _format(source: Source) -> pcap.PcapFormat | None:
    """A classic capture's in a regular file; None for anything else. Raises CaptureError."""
    head = source.peek(0, pcap.FILE_HEADER) if isinstance(source, MappedFile) else b""
    return pcap.read_header(head) if len(head) == pcap.FILE_HEADER and pcap.is_pcap(head) else None


def _context() -> SpawnContext | ForkContext:
    """Forking is at once ready, but only safe where no other thread runs."""
    if threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


class _First:
    """What precedes the cut, and over it what began before."""

    def __init__(self, path: Path, cut: _Cut, settings: EngineSettings, weird: Weird, seeds: Seeds) -> None:
        self._path = path
        self._cut = cut
        self._settings = settings
        self._engine = Engine(settings, weird, seeds)
        self.handover = Handover(cut.time, set())
        self.stopped = cut.time
        """Capture time from which on everything is the child's."""
        self.joined = True
        self._end = pcap.FILE_HEADER

    def connections(self) -> Iterator[Connection]:
        """Connections that begin before the cut."""
        settings, cut, engine = self._settings, self._cut, self._engine
        with frozen_garbage(), opened(self._path) as source:
            source.consume(pcap.FILE_HEADER)
            end = pcap.FILE_HEADER
            try:
                for records in pcap_records(source, cut.format, settings.chunk, cut.at):
                    end = records.end
                    yield from engine.feed(records)
                self._end, self.joined = end, end == cut.at
            except CaptureError:
                yield from engine.finish()
                raise

    @property
    def heard_names(self) -> bool:
        """True when there was DNS before the cut."""
        return self._engine.dns is not None and self._engine.dns.heard

    def alone(self) -> Iterator[Connection]:
        """All that follows, without the child, whose work is void."""
        with frozen_garbage(), opened(self._path) as source:
            source.consume(self._end)
            try:
                for records in pcap_records(source, self._cut.format, self._settings.chunk):
                    yield from self._engine.feed(records)
            except CaptureError:
                yield from self._engine.finish()
                raise
        yield from self._engine.finish()

    def over_the_cut(self, notes: IO[bytes]) -> Iterator[Connection]:
        """Connections that began before the cut and end behind it. ``notes``: the child's, which is done."""
        self.handover = self._engine.table.hand_over(self._cut.time)
        with frozen_garbage(), opened(self._path) as source:
            assert isinstance(source, MappedFile)
            at = yield from self._noted(source, notes)
            try:
                source.consume(at)
                for records in pcap_records(source, self._cut.format, self._settings.chunk) if self._engine.table.waits else ():
                    if not self._engine.table.waits:
                        break
                    self.stopped = int(records.time.max()) + 1
                    yield from self._engine.feed(records)
            except CaptureError:
                pass  # the child meets the same damage and says it
            yield from self._engine.finish()

    def _noted(self, source: MappedFile, notes: IO[bytes]) -> Generator[Connection, None, int]:
        """Follow the notes as far as they go; returns where in the file that is."""
        engine, at = self._engine, self._cut.at
        if engine.decoder.waits:  # for fragments: only who reads on finds the rest
            return at
        for note in read_notes(notes):
            if not engine.table.waits:
                break
            mine = pcap.copied(self._cut.format, source.peek, note.at[self.handover.owns(note.keys)])
            for records in pcap_records(ByteStream(BytesIO(mine)), self._cut.format, self._settings.chunk):
                yield from engine.feed(records)
            self.stopped, at = note.last + 1, note.end
            yield from engine.advance(note.now)
        return at


def _second(path: Path, cut: _Cut, observe: Observe[T], settings: EngineSettings, seeds: Seeds, spool: str, notes: str) -> None:
    """The child: whether it knows the names told before the cut; what follows the cut, as pickles of lists of (key, start,
    result); at the end the counts and the damage."""
    weird = Weird()
    damage: CaptureError | None = None

    def dump(ended: Iterator[tuple[int, Connection]]) -> None:
        rows = ((key, connection.start, observe(connection)) for key, connection in ended)
        while some := list(islice(rows, _AT_ONCE)):
            pickle.dump(some, out, pickle.HIGHEST_PROTOCOL)

    with Path(spool).open("wb") as out, NoteBook(Path(notes), cut.format.header) as book, frozen_garbage():
        names = _names_before(path, cut.format, cut.at, settings) if cut.named else None
        pickle.dump(names is not None, out)
        if names:
            names.count_in(weird)
        engine = Engine(settings, weird, seeds, noting=True, dns=names)
        try:
            with opened(path) as source:
                source.consume(cut.at)
                for records in pcap_records(source, cut.format, settings.chunk):
                    dump(engine.feed_keyed(records))
                    book.add(records, engine)
        except CaptureError as error:
            damage = error
        dump(engine.finish_keyed())
        pickle.dump(None, out)
        pickle.dump((weird, type(damage), str(damage)) if damage else (weird, None, ""), out)


def _names_before(path: Path, fmt: pcap.PcapFormat, stop: int, settings: EngineSettings) -> DnsReader | None:
    """What port 53 told in the records that begin before ``stop``; None where they can't be read to there."""
    engine = Engine(replace(settings, ports=frozenset(), any_port=False), Weird())
    try:
        with opened(path) as source:
            source.consume(pcap.FILE_HEADER)
            for records in pcap_records(source, fmt, settings.chunk, stop):
                for _ in engine.feed(records):
                    pass
    except CaptureError:  # the parent meets it
        return None
    return engine.dns


def _rest(spool: IO[bytes], handover: Handover, stopped: int, weird: Weird) -> Iterator[T]:
    """The child's results, less those that are the parent's. ``spool`` stands where they begin."""
    while (rows := pickle.load(spool)) is not None:
        for key, start, result in rows:
            if key not in handover.owned or start >= handover.released.get(key, stopped):
                yield result
    counts, damage, text = pickle.load(spool)
    weird.add(counts)
    if damage:
        raise damage(text)


def _cut(path: Path, settings: EngineSettings, smallest: int) -> _Cut | None:
    """A record near the middle of a classic capture; None when there is none or the file can't be cut."""
    with opened(path) as source:
        fmt = _format(source)
        if fmt is None or not isinstance(source, MappedFile) or len(source) < smallest:
            return None
        names = _names_before(path, fmt, min(settings.chunk, _BEGINNING), settings)
        named = names is not None and names.heard
        middle = int(len(source) * (_SHARE_WITH_NAMES if named else _SHARE))
        found = pcap.first_record(fmt, source.peek(middle, 1 << 20), source.peek(pcap.FILE_HEADER, 16))
        return _Cut(fmt, middle + found[0], found[1], named) if found else None
