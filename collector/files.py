"""Records from files: single ones, folders, mbox, Maildir, standard input. Read lazily, one mail in memory at a time.

What a file is, its bytes say. Captures and logs are no records: they are named, and whoever asked reads them. A file
that cannot be used is named with its reason, and the rest goes on.
"""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from collector.magic import HEAD, form_of
from collector.mbox import MailTooLarge, read_mbox
from ingest.spool.clock import Clock
from ingest.spool.record import Content, SpoolRecord

MIB = 1024 * 1024
STANDARD_INPUT = "-"
_MAILDIR = {"cur", "new", "tmp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """Limits of an import."""

    size_limit: int = 16 * MIB
    """A report file, or one mail of an mbox, in bytes; captures have none."""


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """A capture (pcap, pcapng; plain, gzip or zstd). ``stream`` only when it came on standard input: its bytes from the first."""

    path: Path
    stream: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log of Zeek's or Suricata's, plain, gzip or zstd; ``stream`` as with captures."""

    path: Path
    stream: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file, or one mail of an mbox, that gave no record."""

    path: Path
    reason: str
    """``not_found``, ``not_readable``, ``not_a_file``, ``empty``, ``too_large`` or ``damaged``."""
    detail: str = ""


Found = SpoolRecord | CaptureFile | LogFile | FileProblem


def read_paths(paths: list[Path], settings: FileSettings, clock: Clock, standard_input: BinaryIO | None = None) -> Iterator[Found]:
    """Everything in these files and folders, in order; ``-`` is standard input where one is given."""
    for path in paths:
        if str(path) == STANDARD_INPUT and standard_input is not None:
            yield from read_stream(standard_input, path, settings, clock)
        else:
            yield from read_path(path, settings, clock)


def read_path(path: Path, settings: FileSettings, clock: Clock) -> Iterator[Found]:
    """Everything in a file, a folder (with those below it, each once, however links lead there) or a Maildir."""
    for each in _walk(path):
        if isinstance(each, FileProblem):
            yield each
        else:
            yield from _read_file(each, settings, clock)


def read_stream(stream: BinaryIO, path: Path, settings: FileSettings, clock: Clock) -> Iterator[Found]:
    """Everything on a stream that cannot be rewound; ``path`` is its name."""
    head = _read_up_to(stream, HEAD)
    whole = cast(BinaryIO, BufferedReader(_Rejoined(head, stream), HEAD))
    form = form_of(head)
    if form == "capture":
        yield CaptureFile(path, whole)
    elif form == "log":
        yield LogFile(path, whole)
    else:
        yield from _read_reports(whole, head, path, settings, clock)


def _read_file(path: Path, settings: FileSettings, clock: Clock) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe given by name
                yield from read_stream(file, path, settings, clock)
                return
            head = file.read(HEAD)
            file.seek(0)
            form = form_of(head)
            if form == "capture":
                yield CaptureFile(path)
            elif form == "log":
                yield LogFile(path)
            elif _is_packed_mbox(head):
                yield from _read_packed_mbox(file, path, settings, clock)
            else:
                yield from _read_reports(file, head, path, settings, clock)
    except OSError as error:
        yield _problem(path, error)


def _read_reports(stream: BinaryIO, head: bytes, path: Path, settings: FileSettings, clock: Clock) -> Iterator[Found]:
    form = form_of(head)
    if form == "mbox":
        yield from _read_mails(stream, path, settings, clock)
        return
    body = _read_up_to(stream, settings.size_limit + 1)
    if not body:
        yield FileProblem(path, "empty")
    elif len(body) > settings.size_limit:
        yield FileProblem(path, "too_large", f"over {settings.size_limit} bytes")
    else:
        yield _record(body, "mail" if form == "mail" else "report", path, clock)


def _read_mails(stream: BinaryIO, path: Path, settings: FileSettings, clock: Clock) -> Iterator[Found]:
    for mail in read_mbox(stream, settings.size_limit):
        if isinstance(mail, MailTooLarge):
            yield FileProblem(path, "too_large", f"mail {mail.number} has {mail.size} bytes, over {settings.size_limit}")
        else:
            yield _record(mail, "mail", path, clock)


def _is_packed_mbox(head: bytes) -> bool:
    try:
        return head.startswith(b"\x1f\x8b") and form_of(zlib.decompressobj(wbits=31).decompress(head, HEAD)) == "mbox"
    except zlib.error:
        return False


def _read_packed_mbox(file: BinaryIO, path: Path, settings: FileSettings, clock: Clock) -> Iterator[Found]:
    try:
        with gzip.open(file, "rb") as stream:
            yield from _read_mails(cast(BinaryIO, stream), path, settings, clock)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield FileProblem(path, "damaged", str(error))


def _record(body: bytes, content: Content, path: Path, clock: Clock) -> SpoolRecord:
    name = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return SpoolRecord(way="file", content=content, arrived_at=clock.wall(), body=body, file_path=name)


def _walk(top: Path) -> Iterator[Path | FileProblem]:
    """The files of a folder, depth first, names in order; a folder is visited once."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[Path, bool]] = [(top, True)]
    while waiting:
        path, named = waiting.pop()
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    waiting += [(child, False) for child in reversed(_children(path))]
            elif stat.S_ISREG(status.st_mode) or named:
                yield path
            else:
                yield FileProblem(path, "not_a_file", "neither a file nor a folder")
        except OSError as error:
            yield _problem(path, error)


def _children(folder: Path) -> list[Path]:
    """What a folder holds for us: of a Maildir its mails and subfolders, of any other all that is not hidden."""
    children = sorted(folder.iterdir())
    names = {child.name for child in children}
    if not names >= _MAILDIR:
        return [child for child in children if not child.name.startswith(".")]
    mails = [mail for name in ("cur", "new") for mail in sorted((folder / name).iterdir()) if not mail.name.startswith(".")]
    return mails + [child for child in children if child.name.startswith(".") and child.is_dir()]


def _problem(path: Path, error: OSError) -> FileProblem:
    reason = "not_found" if isinstance(error, FileNotFoundError) else "not_readable"
    return FileProblem(path, reason, error.strerror or str(error))


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """``size`` bytes, fewer only at the stream's end: a pipe brings less at once."""
    pieces: list[bytes] = []
    while size and (piece := stream.read(min(size, MIB))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


class _Rejoined(RawIOBase):
    """A stream whose first bytes were looked at, whole again."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any writable buffer
        piece = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(piece) :] if self._head else b""
        buffer[: len(piece)] = piece
        return len(piece)
