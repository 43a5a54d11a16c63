"""Foreign bytes to clean UTF-8: byte order marks, UTF-16, declared encodings, damaged characters.

The XML reader is given UTF-8 only, so an encoding's name never reaches it. Names are taken from a list of our own:
UTF-7 and codecs that are no encodings of text are not on it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from ingest.reports.errors import TooLarge
from ingest.reports.warnings import Notes

PIECE = 64 * 1024
HEAD = 4 * 1024
"""How much of a text is looked at to tell its form and encoding."""

_CONTROLS = bytes(c for c in range(0x20) if c not in b"\t\n\r")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKED = (b"\xef", b"\xff", b"\xfe", b"\0")
"""How a text begins whose encoding its first bytes can show; else its second byte is zero."""
_SINGLE = {f"iso8859-{n}" for n in range(1, 17)} | {f"cp125{n}" for n in range(9)} | {"koi8-r", "koi8-u", "cp1252", "mac-roman"}
_MULTI = {"gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "hz", "iso2022_jp"}
_ALLOWED = _SINGLE | _MULTI


def is_plain(text: bytes) -> bool:
    """ASCII without control characters: it is clean UTF-8 as it stands."""
    return text.isascii() and len(text.translate(None, _CONTROLS)) == len(text)


def rechunk(chunks: Iterable[bytes], size: int = PIECE) -> Iterator[bytes]:
    """The same bytes in pieces of ``size`` (the last may be shorter), however they came."""
    held = b""
    for chunk in chunks:
        held = held + chunk if held else chunk
        if len(held) < size:
            continue
        whole = len(held) - len(held) % size
        for start in range(0, whole, size):
            yield held[start : start + size]
        held = held[whole:]
    if held:
        yield held


def detect(head: bytes) -> tuple[str, int]:
    """Encoding that the first bytes show, and how long the byte order mark is. "" when nothing but ASCII shows."""
    if head[:1] not in _MARKED and head[1:2] != b"\0":
        return "", 0
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    if head[:1] in (b"<", b"{", b"[", b"\n", b" ") and head[1:2] == b"\0":
        return "utf-16-le", 0
    if head[:1] == b"\0" and head[1:2] in (b"<", b"{", b"[", b"\n", b" "):
        return "utf-16-be", 0
    return "", 0


def declared(head: bytes, notes: Notes) -> str:
    """Encoding by the XML declaration of a text whose bytes are ASCII-compatible; UTF-8 unless a listed one is named."""
    match = _DECLARED.match(head)
    if match is None:
        return "utf-8"
    name = match[1].decode("ascii").lower()
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = ""
    if known in _ALLOWED:
        return known
    if known not in ("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be"):
        notes.add("unknown_encoding")
    return "utf-8"


def utf8_pieces(chunks: Iterable[bytes], notes: Notes) -> Iterator[bytes]:
    """Clean UTF-8 in pieces, without byte order mark and control characters; what is no character becomes U+FFFD."""
    pieces = rechunk(chunks)
    first = next(pieces, b"")
    encoding, mark = detect(first)
    first = first[mark:]
    if not encoding:
        encoding = declared(first[:HEAD], notes)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in _joined(first, pieces):
        yield _clean(decoder.decode(piece), piece if encoding == "utf-8" else None, notes)
    yield _clean(decoder.decode(b"", True), None, notes)


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _clean(text: str, raw: bytes | None, notes: Notes) -> bytes:
    if raw is not None and text.isascii() and len(text) == len(raw):
        encoded = raw
    else:
        if "\ufffd" in text:
            notes.add("invalid_characters")
        encoded = text.encode("utf-8", "replace")
    clean = encoded.translate(None, _CONTROLS)
    if len(clean) != len(encoded):
        notes.add("invalid_characters")
    return clean


def whole_text(chunks: Iterable[bytes], limit: int, notes: Notes) -> bytes:
    """All of it as clean UTF-8. Raises TooLarge beyond ``limit`` bytes."""
    held: list[bytes] = []
    size = 0
    for piece in utf8_pieces(chunks, notes):
        size += len(piece)
        if size > limit:
            raise TooLarge(f"more than {limit} bytes in one text")
        held.append(piece)
    return b"".join(held)


def clip(text: str | None, limit: int, notes: Notes) -> str | None:
    """The text without outer white space, at most ``limit`` characters of it; None when nothing is left."""
    if text is None:
        return None
    text = text.strip()
    if len(text) > limit:
        notes.add("text_clipped")
        text = text[:limit]
    return text or None
