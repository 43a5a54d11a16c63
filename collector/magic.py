"""What a file is, by its first bytes, never by its name. Pure."""

from __future__ import annotations

import re
import zlib
from typing import Literal

import zstandard

Form = Literal["capture", "log", "mbox", "mail", "report"]
"""``log`` is one of Zeek's or Suricata's. ``report`` is everything else: plain, gzip, zip, or nothing we know; the drain
says what it is."""

HEAD = (128 << 10) + 256
"""Bytes that are looked at: zstd gives nothing before its first block is whole (RFC 8878: at most 128 KiB)."""
_PLAIN = 8192
"""Of them after inflating."""

_CAPTURES = (
    b"\xa1\xb2\xc3\xd4",  # pcap, microseconds
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",  # pcap, nanoseconds
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\xcd\x34",  # pcap, Kuznetzov's
    b"\x34\xcd\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",  # pcapng
)
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MBOX = re.compile(rb"From [^\r\n]{1,998}\r?\n[!-9;-~]{1,76}:")
"""A separator line, then a header: a mail whose text starts with "From" has no header there."""
_LOG = re.compile(rb'#separator |\{\s*"(?:ts|_path)"\s*:|\{\s*"timestamp"\s*:[^\n]*?"event_type"\s*:')
"""Zeek's ASCII form, Zeek's JSON, Suricata's EVE: each begins so."""
_HEADER = re.compile(rb"[!-9;-~]{1,76}[ \t]*:")


def form_of(head: bytes) -> Form:
    """What a file with this head is; a compressed capture is a capture too, and so is a log."""
    plain = _inflated(head) or head
    if _is_capture(plain):
        return "capture"
    if _LOG.match(plain):
        return "log"
    if _MBOX.match(head):
        return "mbox"
    return "mail" if _HEADER.match(head) and not head.startswith((b"{", b"[", b"<")) else "report"


def _is_capture(head: bytes) -> bool:
    return head.startswith(_CAPTURES)


def _inflated(head: bytes) -> bytes:
    """A few inflated bytes of a gzip or zstd head, b"" of anything else."""
    try:
        if head.startswith(_GZIP):
            return zlib.decompressobj(wbits=31).decompress(head, _PLAIN)
        if head.startswith(_ZSTD):
            return zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(head).read(_PLAIN)
    except (zlib.error, zstandard.ZstdError):
        return b""
    return b""
