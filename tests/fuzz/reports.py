"""Reports as they are mailed and posted: XML, JSON, mails, archives, one in the other."""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from ingest.reports.errors import all_reasons
from ingest.reports.reader import FoundReport, read_reports
from ingest.reports.render import render_report
from tests.fuzz.target import LARGEST, Target, expect

CASES = Path(__file__).resolve().parent.parent / "golden" / "reports"
KINDS = frozenset({"dmarc", "tlsrpt", "failure"})
REASONS = frozenset(all_reasons())
WORDS = (
    b"<",
    b">",
    b"&",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE a>",
    b"<?xml version='1.0'?>",
    b"<record>",
    b"</record>",
    b"<feedback>",
    b"</feedback>",
    b"\x1f\x8b\x08\x08",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\r\n\r\n",
    b"From a@b.example Tue Sep 22 2026\n",
    b"\r\n--b1\r\n",
    b"--b1--",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"boundary=",
    b"=?utf-8?q?=FF?=",
    b'{"',
    b"[[[[[[[[",
    b"]",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"&#0;",
    b"&#xD800;",
    b"9" * 400,
    b"(" * 500,
    b'"' * 50,
    b"a" * 5000,
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"charset*=''%FF",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbe",
)
Shape = Callable[[random.Random, bytes], bytes]


def answer(data: bytes) -> tuple[str, ...]:
    """Kinds and reasons that came out, one at least. Raises whatever was not documented."""
    words = []
    for item in read_reports(data):
        if isinstance(item, FoundReport):
            json.loads(b"".join(render_report(item.report)))
            words.append(item.report.kind)
        else:
            str(item.error)
            words.append(item.error.reason)
    expect(words and set(words) <= KINDS | REASONS, words)
    return tuple(words)


def opened(seed: bytes) -> bytes:
    """What a gzip seed holds, so that what is inside is mutated too."""
    if not seed.startswith(b"\x1f\x8b"):
        return seed
    try:
        return zlib.decompressobj(31).decompress(seed, LARGEST)
    except zlib.error:
        return seed


def golden_seeds(pattern: str = "*") -> list[bytes]:
    """Golden inputs whose case's name matches, without the bombs."""
    files = sorted(CASES.glob(f"{pattern}/input.*"))
    found = [data for path in files if "bomb" not in str(path) and len(data := path.read_bytes()) <= LARGEST]
    return found + [opened(seed) for seed in found if opened(seed) != seed]


def in_gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def in_zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xml", data)
    return out.getvalue()


def in_mail(data: bytes) -> bytes:
    head = b"From: a@b.example\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(in_gzip(data))


def wrapped(rng: random.Random, data: bytes) -> bytes:
    """Sometimes in gzip, a zip, or a mail."""
    return rng.choice((in_gzip, in_zip, in_mail, bytes, bytes, bytes))(data)


def target(name: str, *patterns: str, shaped: Shape = lambda _rng, data: data) -> Target:
    def seeds() -> list[bytes]:
        return [seed for pattern in patterns for seed in golden_seeds(pattern)]

    return Target(name, seeds, answer, None, WORDS, shaped)


def members(rng: random.Random, data: bytes) -> bytes:
    """Bytes as they are, or in one archive more."""
    return rng.choice((in_gzip, in_zip, bytes, bytes))(data)


DMARC = target("dmarc", "dmarc*", "xml*")
TLSRPT = target("tlsrpt", "tls*", "json*")
MAIL = target("mail", "mail*", "mbox*", "failure*", shaped=wrapped)
UNPACK = target("unpack", "gz*", "zip*", shaped=members)
