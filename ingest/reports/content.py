"""What bytes are, told by the bytes: names and media types lie (``.xml.gz`` sent as octet-stream is real)."""

from __future__ import annotations

import re
from typing import Literal

from ingest.reports.text import detect

Kind = Literal["gzip", "zip", "xml", "json", "mail", "mbox", "empty", "unknown"]

HEAD_BYTES = 16 * 1024
"""How much of an input is looked at."""

_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.I)
_FIELD = re.compile(rb"[!-9;-~]{1,76}:")
_MAIL_FIELD = re.compile(
    rb"^(?:from|to|subject|date|received|return-path|delivered-to|mime-version|content-type|message-id|dkim-signature"
    rb"|x-[a-z-]+|arc-[a-z-]+|authentication-results|sender|reply-to|tls-report-[a-z]+)[ \t]*:",
    re.I | re.M,
)
_XML_START = re.compile(rb"<\?xml\b|<(?:[A-Za-z_][\w.-]{0,40}:)?feedback[\s/>]", re.I)
_NAMED_ROOT = re.compile(rb"<\s*(?:[\w.-]{1,40}:)?feedback|report_metadata|<!doctype", re.I)


def kind_of(head: bytes) -> Kind:
    """``head`` is the first ``HEAD_BYTES`` of it."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")):
        return "zip"
    text = _text(head)
    if not text:
        return "empty"
    if text.startswith(b"From ") and b"\n" in text and _FIELD.match(text, text.index(b"\n") + 1):
        return "mbox"
    if text.startswith(b"<"):
        return "unknown" if _is_html(text) else "xml"
    if text.startswith((b"{", b"[")):
        return "json"
    if _is_mail(text):
        return "mail"
    return "xml" if _XML_START.search(text) and not _is_html(text) else "unknown"


def xml_start(head: bytes) -> int:
    """Where the XML begins in UTF-8 text: behind white space or words that somebody put before it."""
    stripped = len(head) - len(head.lstrip())
    if head[stripped : stripped + 1] == b"<":
        return stripped
    found = _XML_START.search(head)
    return found.start() if found else stripped


def claims_dmarc(head: bytes) -> bool:
    """An XML that cannot be read: did it mean to be an aggregate report?"""
    return _NAMED_ROOT.search(_text(head)) is not None


def _text(head: bytes) -> bytes:
    encoding, mark = detect(head)
    head = head[mark:]
    if encoding and encoding != "utf-8":
        head = head[: len(head) // 4 * 4].decode(encoding, "replace").encode()
    return head.lstrip(b"\x00 \t\r\n\x0b\x0c")


def _is_html(text: bytes) -> bool:
    return _HTML.search(text[:1024]) is not None and not re.search(rb"<(?:[\w.-]+:)?feedback[\s/>]", text[:HEAD_BYTES])


def _is_mail(text: bytes) -> bool:
    if not _FIELD.match(text):
        return False
    headers = re.split(rb"\r?\n\r?\n", text, maxsplit=1)[0]
    return _MAIL_FIELD.search(headers) is not None
