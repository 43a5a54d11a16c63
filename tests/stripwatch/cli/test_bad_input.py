"""A bad file of each kind gets one clear line and exit code 1, prints nothing, and the rest goes on."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stripwatch.demo.traffic import capture
from tests.sniffer.conftest import Wire

from .conftest import Run

NOISE = random.Random(7).randbytes(3000)
REPORT = (
    b"<feedback><report_metadata><org_name>Sample</org_name><email>a@b.example</email><report_id>1</report_id><date_range>"
    b"<begin>1790000000</begin><end>1790086399</end></date_range></report_metadata><policy_published><domain>example.org</domain>"
    b"<p>none</p></policy_published><record><row><source_ip>198.51.100.1</source_ip><count>1</count><policy_evaluated>"
    b"<disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row><identifiers><header_from>example.org"
    b"</header_from></identifiers></record></feedback>"
)


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def pcap(*records: bytes) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(records)


BAD_REPORTS = {
    "noise.gz": NOISE,
    "gzip-of-noise.gz": gzip.compress(NOISE),
    "wrong-root.xml": b"<html><body>Not a report</body></html>",
    "doctype.xml": b'<!DOCTYPE feedback [<!ENTITY a "b">]><feedback>&a;</feedback>',
    "wrong.json": b'{"hello": "world"}',
    "cut.json": b'{"organization-name": "x", "policies": [',
    "no-report.zip": zipped(("README", b"nothing here")),
    "no-report.eml": b"From: a@b.example\r\nTo: c@d.example\r\nSubject: hi\r\n\r\nNo report.\r\n",
    "empty.xml": b"",
    "bomb.gz": gzip.compress(b"<feedback>" + b" " * (80 << 20)),
    "deep.json": b'{"policies":' + b"[" * 200_000,
}
BAD_CAPTURES = {
    "noise.pcap": NOISE,
    "empty.pcap": b"",
    "header-only-cut.pcap": pcap()[:20],
    "absurd-length.pcap": pcap(struct.pack("<IIII", 1, 0, 0xFFFFFFF0, 0xFFFFFFF0) + b"x" * 64),
    "absurd-block.pcapng": struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<II", 6, 0xFFFFFFF0),
    "noise.pcap.gz": gzip.compress(NOISE),
}


@pytest.mark.parametrize("name", BAD_REPORTS)
def test_parse_refuses_with_one_line_and_reads_the_rest(run: Run, tmp_path: Path, name: str) -> None:
    bad, good = tmp_path / name, tmp_path / "good.xml"
    bad.write_bytes(BAD_REPORTS[name])
    good.write_bytes(REPORT)
    alone = run("parse", bad, "--json")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert alone.stderr.count("\n") == 1
    assert name in alone.stderr
    both = run("parse", bad, good, "--json")
    assert both.returncode == 1
    assert both.stdout.count("\n") == 1


@pytest.mark.parametrize("name", BAD_CAPTURES)
def test_sniff_refuses_with_one_line(run: Run, tmp_path: Path, name: str) -> None:
    bad = tmp_path / name
    bad.write_bytes(BAD_CAPTURES[name])
    done = run("sniff", bad, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    stored = run("sniff", bad)
    assert (stored.returncode, stored.stdout, stored.stderr) == (1, "", done.stderr)


def test_a_cut_capture_gives_what_stood_before(run: Run, tmp_path: Path) -> None:
    whole = capture(datetime(2026, 11, 20, tzinfo=UTC))
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(whole[: len(whole) // 2 + 3])
    done = run("sniff", cut, "--json")
    assert done.returncode == 1
    assert done.stdout.count("\n") > 50
    assert done.stderr.count("\n") == 1
    assert "cut_short" in done.stderr


def test_a_missing_file_is_named_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "good.xml"
    good.write_bytes(REPORT)
    done = run("parse", tmp_path / "missing.xml", good, "--json")
    assert done.returncode == 1
    assert "missing.xml" in done.stderr
    assert done.stdout.count("\n") == 1


def test_imported_bad_files_are_dead_letters_and_good_ones_stored(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, body in BAD_REPORTS.items():
        (folder / name).write_bytes(body)
    (folder / "good.xml").write_bytes(REPORT)
    done = run("import", folder)
    assert done.returncode == 1
    assert "1 stored" in done.stderr
    assert all(f"{folder / name}:" in done.stderr for name in BAD_REPORTS)
    listed = run("deadletter", "list", "--csv").stdout.splitlines()
    assert len(listed) - 1 == len([body for body in BAD_REPORTS.values() if body])


def test_what_was_not_seen_of_a_capture_is_said(run: Run, tmp_path: Path) -> None:
    """No session of a capture without mail, or of one whose packets were cut, goes without a word."""
    frames = [frame for _, frame in Wire.session(0, 0).frames]
    whole, cut, none = tmp_path / "whole.pcap", tmp_path / "cut.pcap", tmp_path / "none.pcap"
    for path, kept, some in ((whole, 9999, frames), (cut, 66, frames), (none, 9999, [])):
        path.write_bytes(Wire.pcap([(Wire.START, frame) for frame in some], nano=False, snaplen=kept))
    told = [run("sniff", "--json", str(path)) for path in (whole, cut, none)]
    assert [done.returncode for done in told] == [0, 0, 0]
    assert told[0].stderr == ""
    assert told[1].stderr.startswith(f"stripwatch: {cut}: packets that could not all be read: ")
    assert " truncated" in told[1].stderr
    assert told[2].stderr == f"stripwatch: {none}: no mail session on the TCP ports 25, 465, 587, 2525\n"
    assert run("sniff", str(none)).stderr == told[2].stderr + "nothing to store\n"


def test_rotated_files_are_read_as_one_capture(run: Run, tmp_path: Path) -> None:
    """A session that spans them is one, also where the last file is missing or the next one is of another hour."""
    frames = Wire.session(1).frames
    whole, one, other, later = (tmp_path / name for name in ("whole.pcap", "1.pcap", "2.pcap", "3.pcap"))
    hour = 3600 * 10**9
    moved = [(time + hour, frame) for time, frame in frames]
    for path, some in ((whole, frames), (one, frames[:7]), (other, frames[7:]), (later, moved)):
        path.write_bytes(Wire.pcap(some, nano=False))
    expected = run("sniff", "--json", whole).stdout
    assert expected.count("\n") == 1
    assert run("sniff", "--json", one, other).stdout == expected
    assert run("sniff", "--json", "-j", "2", one, other).stdout == expected
    assert run("sniff", "--json", one, other, later).stdout == expected + run("sniff", "--json", later).stdout
    gone = run("sniff", "--json", one, tmp_path / "gone.pcap")
    assert (gone.returncode, gone.stdout) == (1, run("sniff", "--json", one).stdout)
    assert run("sniff", one, other).stderr == "1 stored\n"
    assert run("sniff", whole).stderr == "1 already there\n"
