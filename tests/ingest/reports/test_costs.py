"""What the largest hostile inputs cost: each is read in a process of its own, whose memory and processor time are measured."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

MIB = 1024 * 1024
MAIL = b"From: a@b.example\r\nMIME-Version: 1.0\r\n"
CPU_SECONDS = 20.0
"""Under ``Limits.cpu_seconds``; most take a fraction of one."""
REPORT_MIB, MAIL_MIB = 40, 160
"""A mail is held whole, by the library several times: 16 MiB of it (what the intake takes at most) cost about 110 MiB."""


def filled(start: bytes, filling: bytes, mebibytes: int, end: bytes = b"") -> bytes:
    """gzip of so much filling between two texts."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(start)
        for _ in range(mebibytes):
            packed.write(filling * (MIB // len(filling)))
        packed.write(end)
    return out.getvalue()


def zip_directory(entries: int) -> bytes:
    """A zip whose directory names one member so often."""
    member = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 0, zlib.crc32(b"x"), 1, 1, 1, 0) + b"ax"
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, zlib.crc32(b"x"), 1, 1, 1, 0, 0, 0, 0, 0, 0) + b"a"
    number = entries & 0xFFFF
    return member + entry * entries + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, number, number, len(entry) * entries, len(member), 0)


def zip_of_bombs() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(5):
            archive.writestr(f"{n}.xml", b"<feedback>" + b" " * (60 * MIB))
    return out.getvalue()


def nested_mail() -> bytes:
    inner = MAIL + b"\r\nx" * 100_000
    for _ in range(8):
        head = MAIL + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        inner = head + base64.encodebytes(inner)
    return inner


SIGNATURES = b"<dkim><domain>a</domain></dkim>" * 30_000
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "gzip": (lambda: filled(b"<feedback>", b" ", 256), "too_large"),
    "gzip-in-gzip": (lambda: gzip.compress(filled(b"<feedback>", b"\0", 256) * 8, 9), "too_large"),
    "zip": (zip_of_bombs, "too_large"),
    "zip-directory": (lambda: zip_directory(16 * MIB // 48), "too_many_members"),
    "rows": (lambda: filled(b"<feedback>", b"<record><row><source_ip>1.2.3.4</source_ip><count>1</count></row></record>", 16), "read"),
    "elements": (lambda: filled(b"<feedback>", b"<a/>", 63), "too_many_elements"),
    "names": (lambda: gzip.compress(b"<feedback>" + b"".join(b"<a%d/>" % n for n in range(500_000)), 6), "too_many_elements"),
    "signatures": (
        lambda: gzip.compress(
            b"<feedback>"
            + (b"<record><row><source_ip>1.2.3.4</source_ip><count>1</count></row><auth_results>%b</auth_results></record>" % SIGNATURES)
            * 20
            + b"</feedback>",
            6,
        ),
        "read",
    ),
    "depth": (lambda: filled(b"<feedback>", b"<a>", 8), "too_deep"),
    "text": (lambda: filled(b"<feedback><version>", b"x", 63), "too_large"),
    "utf-16": (lambda: gzip.compress(("<feedback>" + "<record/>" * 1_000_000).encode("utf-16"), 6), "read"),
    "json-depth": (lambda: b'{"policies":' + b"[" * (7 * MIB), "too_many_elements"),
    "mail-base64": (
        lambda: MAIL + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(filled(b"<feedback>", b" ", 63) + bytes(11 * MIB)),
        "too_large",
    ),
    "mail-base64-one-line": (
        lambda: MAIL + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"<feedback>" + b" " * 11 * MIB),
        "too_large",
    ),
    "mail-quoted-printable": (
        lambda: MAIL + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<feedback>" + b"=3D" * (5 * MIB),
        "too_large",
    ),
    "mail-lines": (lambda: MAIL + b"\r\n" + b"\r\n" * (7 * MIB), "too_many_lines"),
    "mail-fields": (lambda: MAIL + b"X-A: a\r\n" * 450_000 + b"\r\nx", "headers_too_large"),
    "mail-multiparts": (
        lambda: (
            MAIL
            + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(60))
            + b"x\r\n" * 400_000
        ),
        "too_deep",
    ),
    "mail-in-mail": (nested_mail, "too_deep"),
}
SCRIPT = """
import json, re, sys, time
from pathlib import Path
from ingest.reports.reader import FoundReport, read_reports
data = Path(sys.argv[1]).read_bytes()
status = Path("/proc/self/status")
def mib(word): return int(re.search(word + r":\\s+(\\d+)", status.read_text())[1]) / 1024
Path("/proc/self/clear_refs").write_text("5")
start, begun = mib("VmRSS"), time.process_time()
words = {"read" if isinstance(item, FoundReport) else item.error.reason for item in read_reports(data)}
print(json.dumps([sorted(words), mib("VmHWM") - start, time.process_time() - begun]))
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_no_more_than_its_bound(name: str, tmp_path: Path) -> None:
    make, word = BOMBS[name]
    path = tmp_path / "bomb"
    path.write_bytes(make())
    assert path.stat().st_size <= 16 * MIB
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, done.stderr
    words, mebibytes, seconds = json.loads(done.stdout)
    assert word in words
    assert mebibytes < (MAIL_MIB if name.startswith("mail") else REPORT_MIB), f"{mebibytes:.1f} MiB"
    assert seconds < CPU_SECONDS, f"{seconds:.1f} s"
