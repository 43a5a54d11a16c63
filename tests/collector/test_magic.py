from __future__ import annotations

import gzip
import zipfile
from io import BytesIO

import pytest
import zstandard

from collector.magic import HEAD, form_of

PCAP = b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(16)
ZEEK = b"#separator \\x09\n#path\tsmtp\n"
NOISE = b" ".join(b"%d" % (number * number % 99991) for number in range(100_000))
MBOX = b"From a@b Fri Jul  8 12:08:34 2011\nSubject: x\n\n"


def zipped(content: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.xml", content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (PCAP, "capture"),
        (b"\xa1\xb2\x3c\x4d" + bytes(20), "capture"),
        (b"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a", "capture"),
        (gzip.compress(PCAP), "capture"),
        (gzip.compress(PCAP * 10_000)[:60], "capture"),
        (zstandard.compress(PCAP), "capture"),
        (ZEEK, "log"),
        (gzip.compress(ZEEK), "log"),
        (zstandard.compress(ZEEK + NOISE)[:HEAD], "log"),
        (zstandard.compress(PCAP + NOISE)[:HEAD], "capture"),
        (b'{"ts":1.5,"uid":"C1"}', "log"),
        (b'{ "_path": "conn", "ts": 1.5}', "log"),
        (b'{"timestamp":"2026-11-24T10:00:00+0000","flow_id":1,"event_type":"tls"}', "log"),
        (b'{"timestamp":"2026-11-24T10:00:00+0000"}\n{"event_type":"tls"}', "report"),
        (gzip.compress(b"<feedback/>"), "report"),
        (zstandard.compress(b"{}"), "report"),
        (b"\x1f\x8bnonsense", "report"),
        (b"\x28\xb5\x2f\xfdnonsense", "report"),
        (b"\x28\xb5\x2f\xfd", "report"),
        (zipped(b"<feedback/>"), "report"),
        (b"<?xml version='1.0'?>", "report"),
        (b"\xef\xbb\xbf<feedback/>", "report"),
        (b'{"organization-name": "x"}', "report"),
        (b"Received: from x\r\n", "mail"),
        (b"From: a@b\n", "mail"),
        (MBOX, "mbox"),
        (MBOX.replace(b"\n", b"\r\n"), "mbox"),
        (b"From here on it is prose\nand no header\n", "report"),
        (b"", "report"),
        (b"\x00" * 100, "report"),
    ],
)
def test_forms(head: bytes, form: str) -> None:
    assert form_of(head) == form
