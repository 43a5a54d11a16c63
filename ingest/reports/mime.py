"""A mail's structure, by the standard library's parser under ``compat32``, made safe for hostile mail.

The number of lines is bounded before parsing, that of parts and their depth while parsing (a part costs memory before its
content is looked at), the headers' length afterwards. Whatever the library raises on hostile input comes out as a documented error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from typing import Any, TypeAlias

from ingest.reports.budget import Budget
from ingest.reports.errors import BadMail, HeadersTooLarge, TooDeep, TooManyParts
from ingest.reports.limits import Limits
from ingest.reports.text import PIECE

Mail: TypeAlias = "Message[str, str]"

LIBRARY_ERRORS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What the standard library's mail code has been seen to raise on mutated mail (RecursionError: on nesting)."""


_WITH_PARAMETERS = ("content-type", "content-disposition")


@dataclass(frozen=True, slots=True)
class Part:
    """A part without parts, decoded. ``where`` is its number and name; ``attached`` how many mails it is inside of."""

    where: str
    media_type: str
    content: bytes
    attached: int


def parse_mail(raw: bytes, budget: Budget) -> Mail:
    """The mail's tree. Raises BadMail, TooManyLines, TooManyParts, TooDeep, HeadersTooLarge."""
    limits = budget.limits
    made = 0

    def counted(policy: object = compat32) -> Mail:
        nonlocal made
        made += 1
        if made > limits.mime_parts + 1:
            raise TooManyParts(f"more than {limits.mime_parts}")
        return _GrowingPart(limits)

    budget.lines(_lines(raw))
    try:
        parser: BytesFeedParser[Mail] = BytesFeedParser(counted, policy=compat32)
        for start in range(0, len(raw), PIECE):
            parser.feed(raw[start : start + PIECE])
        mail = parser.close()
    except RecursionError as error:
        raise TooDeep("mail parts") from error
    except LIBRARY_ERRORS as error:
        raise BadMail(type(error).__name__) from error
    _check(mail, limits)
    return mail


class _GrowingPart(Message):
    """A part whose depth is known as soon as it begins, and whose parameters can be taken apart in bounded time."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(policy=compat32)
        self._limits = limits
        self._depth = 1

    def set_raw(self, name: str, value: Any) -> None:
        """The library looks at the whole field again for each semicolon."""
        if name.lower() in _WITH_PARAMETERS and len(value) * value.count(";") > self._limits.header_parameters:
            raise HeadersTooLarge(f"too many parameters in {name}")
        super().set_raw(name, value)

    def attach(self, payload: Any) -> None:
        payload._depth = self._depth + 1
        if payload._depth > self._limits.mime_depth:
            raise TooDeep(f"mail parts nested more than {self._limits.mime_depth} deep")
        super().attach(payload)


def _lines(raw: bytes) -> int:
    """The library holds each as a string of its own."""
    return raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")


def _check(mail: Mail, limits: Limits) -> None:
    waiting = [(mail, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > limits.mime_depth:
            raise TooDeep(f"mail parts nested more than {limits.mime_depth} deep")
        if sum(len(name) + len(str(value)) + 4 for name, value in part.raw_items()) > limits.header_bytes:
            raise HeadersTooLarge(f"more than {limits.header_bytes} bytes")
        waiting.extend((child, depth + 1) for child in children(part))


def children(part: Mail) -> list[Mail]:
    if not part.is_multipart():  # the text of a leaf would be decoded, by whatever character set it names
        return []
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def leaf_parts(mail: Mail, where: str, attached: int = 0) -> Iterator[Part]:
    """All parts without parts, in order, those of attached mails too. A part that cannot be decoded has no content."""
    waiting: list[tuple[Mail, str, int]] = [(mail, where, attached)]
    while waiting:
        part, place, depth = waiting.pop()
        below = children(part)
        encoded = _encoded_mail(part)
        if encoded is not None:
            yield Part(f"{place or 'mail'} (attached mail)", "message/rfc822", encoded, depth)
        elif below:
            inside = depth + (media_type(part) == "message/rfc822")
            stem = f"{place}part " if not place or place.endswith("/") else f"{place}."
            waiting.extend(reversed([(child, f"{stem}{n}", inside) for n, child in enumerate(below, 1)]))
        elif not part.is_multipart():
            name = file_name(part)
            yield Part(f"{place or 'mail'}{f' ({name})' if name else ''}", media_type(part), content(part), depth)


def _encoded_mail(part: Mail) -> bytes | None:
    """An attached mail under base64 or quoted-printable: forbidden (RFC 2046 §5.2.1), sent nevertheless, and not undone by
    the library."""
    encoding = (header(part, "content-transfer-encoding") or "").lower()
    below = children(part)
    if encoding not in ("base64", "quoted-printable") or len(below) != 1 or not media_type(part).startswith("message/"):
        return None
    inner = Message(policy=compat32)
    inner["Content-Transfer-Encoding"] = encoding
    try:
        inner.set_payload(below[0].as_string())
    except LIBRARY_ERRORS:
        return None
    return content(inner)


def media_type(part: Mail) -> str:
    try:
        return str(part.get_content_type())
    except LIBRARY_ERRORS:
        return "application/octet-stream"


def file_name(part: Mail) -> str:
    """The attachment's name, put together when RFC 2231 split it; "" when it has none that can be read."""
    try:
        name = part.get_filename()
    except LIBRARY_ERRORS:
        return ""
    return "".join(c for c in str(name or "") if c.isprintable())[:200]


def content(part: Mail) -> bytes:
    """The part's bytes with the transfer encoding undone; what cannot be undone is empty."""
    try:
        decoded = part.get_payload(decode=True)
    except LIBRARY_ERRORS:
        return b""
    return decoded if isinstance(decoded, bytes) else b""


def header(part: Mail, name: str) -> str | None:
    """First field of that name as one line of text, encoded bytes made visible; None when there is none."""
    try:
        value = part.get(name)
        return None if value is None else " ".join(str(value).split()) or None
    except LIBRARY_ERRORS:
        return None


def headers(part: Mail, name: str) -> list[str]:
    """All fields of that name."""
    try:
        return [text for value in part.get_all(name, []) if (text := " ".join(str(value).split()))]
    except LIBRARY_ERRORS:
        return []


def parameter(part: Mail, name: str) -> str:
    """A Content-Type parameter in lower case; "" when there is none."""
    try:
        value = part.get_param(name)
    except LIBRARY_ERRORS:
        return ""
    return value.strip().lower() if isinstance(value, str) else ""
