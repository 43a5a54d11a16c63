"""The one entrance: everything that some bytes hold, as reports and as what could not be used.

Mail, mbox, XML, JSON, gzip and zip in any nesting, told by content. Memory is flat for reports of any size: XML is
read as it is inflated, rows are held compressed. Only documented errors come out, as ``Unusable``; an error of the
stream itself (OSError) is the caller's.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from ingest.reports.budget import Budget
from ingest.reports.content import HEAD_BYTES, kind_of
from ingest.reports.dmarc import read_dmarc
from ingest.reports.errors import NoReportInArchive, NoReportInMail, NotAReport, ReportError, TooLarge, TooManyMessages
from ingest.reports.failure import read_failure
from ingest.reports.limits import DEFAULT_LIMITS, Limits
from ingest.reports.mbox import lines_of, split_mbox
from ingest.reports.model import Report
from ingest.reports.privacy import PRIVATE, Privacy
from ingest.reports.text import PIECE, is_plain
from ingest.reports.tlsrpt import read_tlsrpt, small_tlsrpt
from ingest.reports.unpack import Leaf, Refused, unpack


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A report. ``sha256`` (hex) and ``size`` are of its inflated bytes; ``where`` is its place in the input: part,
    attachment and member names, "" when the input is the report."""

    report: Report
    sha256: str
    size: int
    where: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """Something that gave no report. ``raw`` is the mail part (or mbox message) it lies in, None for the whole input."""

    error: ReportError
    where: str
    raw: bytes | None


Item = FoundReport | Unusable


def read_reports(
    body: bytes | BinaryIO,
    *,
    limits: Limits = DEFAULT_LIMITS,
    privacy: Privacy = PRIVATE,
    clock: Callable[[], float] = time.thread_time,
) -> Iterator[Item]:
    """Every report in ``body``, each read whole before it is given, and everything that claims to be one and is not.

    What is no report (a covering letter, a README) is passed over in silence, unless nothing else is there: then one
    ``Unusable`` says so, hence at least one item comes always. A stream is buffered, as ``open`` makes it. ``clock``
    gives seconds of processor time.
    """
    stream = BytesIO(body) if isinstance(body, bytes | bytearray | memoryview) else body
    head = stream.read(HEAD_BYTES)
    plain = _plain_tlsrpt(head, limits) if len(head) < HEAD_BYTES else None
    if plain is not None:
        yield plain
        return
    if kind_of(head) == "mbox":
        yield from _read_mbox(lines_of(head, stream), limits, privacy, clock)
        return
    yield from _read_one(_chunks(head, stream), limits, privacy, clock, "", None)


def _plain_tlsrpt(text: bytes, limits: Limits) -> FoundReport | None:
    """A small TLS report that came bare and whole: what all layers below would make of it, at half their cost. None for
    anything that is not plainly one."""
    if not text.startswith(b"{") or not is_plain(text):
        return None
    report = small_tlsrpt(text, limits)
    return None if report is None else FoundReport(report, hashlib.sha256(text).hexdigest(), len(text), "")


def _read_mbox(lines: Iterable[bytes], limits: Limits, privacy: Privacy, clock: Callable[[], float]) -> Iterator[Item]:
    for number, message in enumerate(split_mbox(lines, limits.held_bytes), 1):
        where = f"message {number}"
        if number > limits.mbox_messages:
            yield Unusable(TooManyMessages(f"more than {limits.mbox_messages}"), where, message or b"")
            return
        if message is None:
            yield Unusable(TooLarge(f"more than {limits.held_bytes} bytes"), where, b"")
        else:
            yield from _read_one((message,), limits, privacy, clock, where, message)


def _read_one(
    chunks: Iterable[bytes], limits: Limits, privacy: Privacy, clock: Callable[[], float], where: str, raw: bytes | None
) -> Iterator[Item]:
    budget = Budget(limits, clock)
    passed_over: list[Unusable] = []
    given = False
    for found in unpack(budget.counted(chunks), budget, where):
        item = _refusal(found, found.error) if isinstance(found, Refused) else _read_leaf(found, budget, privacy)
        if isinstance(item, Unusable) and isinstance(item.error, NotAReport):
            passed_over.append(item)
            continue
        given = True
        yield item
    if not given:
        yield _nothing(passed_over, where, raw)


def _nothing(passed_over: list[Unusable], where: str, raw: bytes | None) -> Unusable:
    """One refusal for an input without any report: its own, or that of the container they all lie in."""
    if len(passed_over) == 1 and passed_over[0].where == where:
        return Unusable(passed_over[0].error, where, raw)
    in_mail = any(item.raw is not None and item.raw is not raw for item in passed_over) or not passed_over
    return Unusable(NoReportInMail() if in_mail else NoReportInArchive(), where, raw)


def _read_leaf(leaf: Leaf, budget: Budget, privacy: Privacy) -> Item:
    content = _Hashed(leaf.chunks, budget)
    try:
        report: Report
        if leaf.mail is not None:
            report = read_failure(leaf.mail, budget, leaf.notes, privacy)
        elif leaf.kind == "json":
            report = read_tlsrpt(content, budget, leaf.notes)
        else:
            report = read_dmarc(content, budget.limits, leaf.notes)
        content.drain()
    except ReportError as error:
        return _refusal(leaf, error)
    return FoundReport(report, content.sha256.hexdigest(), content.size, leaf.where)


def _refusal(found: Leaf | Refused, error: ReportError) -> Unusable:
    return Unusable(error, found.where, found.raw)


class _Hashed:
    """Chunks, hashed as they pass. Bytes that were never inflated count against the budget here."""

    def __init__(self, chunks: Iterable[bytes], budget: Budget) -> None:
        self._chunks = iter(chunks)
        self._budget = budget
        self.sha256 = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.sha256.update(chunk)
            self.size += len(chunk)
            if self.size > self._budget.limits.inflated_bytes:
                raise TooLarge(f"more than {self._budget.limits.inflated_bytes} bytes")
            self._budget.check_time()
            yield chunk

    def drain(self) -> None:
        for _ in self:
            pass


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """A buffered stream gives less than it is asked for only at its end."""
    yield head
    while len(head) == HEAD_BYTES and (chunk := stream.read(PIECE)):
        yield chunk
