"""From foreign bytes to what could be a report: gzip, zip and mail are opened, whatever lies in whatever.

Form is told by content. One bad member or part costs nothing else: it becomes a ``Refused`` beside the others. All
layers together live on one budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingest.reports.budget import Budget
from ingest.reports.content import HEAD_BYTES, Kind, kind_of
from ingest.reports.errors import EmptyInput, NoReportInArchive, NotAReport, ReportError, TooDeep
from ingest.reports.failure import is_failure_report
from ingest.reports.gzip_stream import gunzip
from ingest.reports.mime import Mail, leaf_parts, parse_mail
from ingest.reports.warnings import Notes
from ingest.reports.zip_archive import inflate, members


@dataclass(frozen=True, slots=True)
class Leaf:
    """Something that could be a report. ``chunks`` is read once, before the next leaf is asked for."""

    where: str
    kind: Kind
    chunks: Iterable[bytes]
    notes: Notes
    raw: bytes | None
    """The mail part it lies in; None when it is not from a mail."""
    mail: Mail | None = None
    """Set for a failure report, which is the mail itself."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that cannot be opened, or is no report."""

    where: str
    error: ReportError
    raw: bytes | None


Found = Leaf | Refused


def unpack(chunks: Iterable[bytes], budget: Budget, where: str = "") -> Iterator[Found]:
    """Everything in these bytes. ``where`` is how the input is called in the places reported."""
    yield from _open(chunks, budget, where, 0, Notes(), None)


def _open(chunks: Iterable[bytes], budget: Budget, where: str, depth: int, notes: Notes, raw: bytes | None) -> Iterator[Found]:
    try:
        budget.check_time()
        head, chunks = peek(chunks)
        kind = kind_of(head)
        if kind in ("gzip", "zip") and depth >= budget.limits.archive_depth:
            raise TooDeep(f"more than {budget.limits.archive_depth} layers")
        if kind == "gzip":
            yield from _open(gunzip(chunks, budget, notes), budget, where, depth + 1, notes, raw)
        elif kind == "zip":
            with _held(chunks, budget) as archive:
                yield from _open_zip(archive, budget, where, depth + 1, notes, raw)
        elif kind in ("mail", "mbox"):
            with _held(chunks, budget) as message:
                yield from _open_mail(message, budget, where, depth, raw)
        elif kind == "empty":
            raise EmptyInput
        elif kind == "unknown":
            raise NotAReport
        else:
            yield Leaf(where, kind, chunks, notes, raw)
    except ReportError as error:
        yield Refused(where, error, raw)


@contextmanager
def _held(chunks: Iterable[bytes], budget: Budget) -> Iterator[bytes]:
    """All of it, for as long as what lies in it is read. Raises TooLarge."""
    whole = gather(chunks, budget)
    budget.held += len(whole)
    try:
        yield whole
    finally:
        budget.held -= len(whole)


def _open_zip(archive: bytes, budget: Budget, where: str, depth: int, notes: Notes, raw: bytes | None) -> Iterator[Found]:
    empty = True
    for member in members(archive, budget, notes):
        empty = False
        inner = Notes(notes.words())
        place = join(where, member.name)
        yield from _open(inflate(archive, member, budget, inner), budget, place, depth, inner, raw)
    if empty:
        raise NoReportInArchive("it is empty")


def _open_mail(message: bytes, budget: Budget, where: str, depth: int, raw: bytes | None) -> Iterator[Found]:
    mail = parse_mail(message, budget)
    if is_failure_report(mail):
        yield Leaf(where, "mail", (message,), Notes(), raw, mail)
        return
    for part in leaf_parts(mail, f"{where}/" if where else ""):
        inside = depth + part.attached
        content = part.content
        if kind_of(content[:HEAD_BYTES]) == "mail":
            if part.media_type.startswith("text/"):
                yield Refused(part.where, NotAReport(), content)
                continue
            inside += 1
        if inside > budget.limits.archive_depth:
            yield Refused(part.where, TooDeep(f"more than {budget.limits.archive_depth} layers"), content)
            continue
        yield from _open((content,), budget, part.where, inside, Notes(), content)


def join(where: str, name: str) -> str:
    name = "".join(c for c in name if c.isprintable())[:200]
    return f"{where}/{name}" if where else name


def peek(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, as many as the content's kind is told by, and all of them again."""
    rest = iter(chunks)
    held: list[bytes] = []
    size = 0
    for chunk in rest:
        held.append(chunk)
        size += len(chunk)
        if size >= HEAD_BYTES:
            break
    return b"".join(held)[:HEAD_BYTES], _again(held, rest)


def _again(held: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    while held:
        yield held.pop(0)
    yield from rest


def gather(chunks: Iterable[bytes], budget: Budget) -> bytes:
    """All of it. Raises TooLarge."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        budget.hold(size)
        held.append(chunk)
    return held[0] if len(held) == 1 else b"".join(held)
