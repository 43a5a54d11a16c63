"""What hostile input costs, and that only documented answers come out."""

from __future__ import annotations

import base64
import gzip
import io
import random
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reports.errors import ReportError, all_reasons
from ingest.reports.limits import Limits
from ingest.reports.reader import FoundReport, Unusable, read_reports
from ingest.reports.warnings import MEANINGS, Notes
from tests.fuzz.mutation import mutated
from tests.fuzz.reports import WORDS, answer, golden_seeds, wrapped
from tests.fuzz.runner import measured

MIB = 1024 * 1024
SEEDS = golden_seeds()


def reasons(data: bytes, limits: Limits = Limits()) -> list[str]:  # noqa: B008  frozen
    return [item.error.reason for item in read_reports(data, limits=limits) if isinstance(item, Unusable)]


def peak(data: bytes) -> int:
    """Bytes that Python held at most while reading, the input not counted."""
    tracemalloc.start()
    for item in read_reports(data):
        assert isinstance(item, FoundReport | Unusable)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_mutated_inputs_give_documented_answers(seed: int) -> None:
    rng = random.Random(seed)
    words = answer(wrapped(rng, mutated(rng, rng.choice(SEEDS), SEEDS, WORDS)))
    assert words
    assert set(words) <= {"dmarc", "tlsrpt", "failure"} | set(all_reasons())


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from((b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"<feedback>", b"{", b"From: a\n", b"From a@b.c\nX: y\n")),
)
def test_any_bytes_give_one_answer_at_least(data: bytes, start: bytes) -> None:
    assert answer(start + data)


def bombs() -> dict[str, bytes]:
    """At most 64 KiB each."""
    spaces = gzip.compress(b"<feedback>" + b" " * (63 * MIB), 9, mtime=0)
    nested_zip = io.BytesIO()
    with zipfile.ZipFile(nested_zip, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", b"<feedback>" + b"\n" * (30 * MIB))
    return {
        "spaces": spaces[: 64 * 1024],
        "elements": gzip.compress(b"<feedback>" + b"<a/>" * (MIB // 4), 9, mtime=0)[: 64 * 1024],
        "one-record": gzip.compress(b"<feedback><record>" + b"<a/>" * (8 * MIB), 9, mtime=0)[: 64 * 1024],
        "attribute": gzip.compress(b'<feedback><a b="' + b"x" * (60 * MIB), 9, mtime=0)[: 64 * 1024],
        "depth": gzip.compress(b"<feedback>" + b"<a>" * (8 * MIB), 9, mtime=0)[: 64 * 1024],
        "depth-in-record": b"<feedback><record><row><source_ip>192.0.2.1</source_ip><count>1</count></row>"
        + b"<a>" * 9_000
        + b"</a>" * 9_000
        + b"</record></feedback>",
        "lists": gzip.compress(b'{"policies":[' + b"[]," * (2 * MIB), 9, mtime=0)[: 64 * 1024],
        "nested-lists": b'{"policies":' + b"[" * 60_000,
        "text": gzip.compress(b'{"report-id":"' + b"x" * (60 * MIB), 9, mtime=0)[: 64 * 1024],
        "zip": nested_zip.getvalue(),
        "mail-lines": b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 12_000,
        "mail-fields": b"From: a@b.example\r\n" + b"a:\r\n" * 15_000,
        "mail-from": b"From: " + b'(<"' * 2700 + b"\r\nSubject: x\r\nContent-Type: multipart/report; report-type=feedback-report\r\n\r\nx",
        "mail-nested": b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 1900,
    }


BOMBS = bombs()


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_small_input_cannot_take_much_memory(name: str) -> None:
    assert len(BOMBS[name]) <= 64 * 1024
    assert peak(BOMBS[name]) < 32 * MIB


@pytest.mark.parametrize("name", ["depth-in-record", "mail-lines", "mail-fields", "mail-from", "mail-nested", "nested-lists"])
def test_a_small_input_cannot_take_long(name: str) -> None:
    """The best of three: the machine may be busy. Bombs that inflate are bounded by what they inflate to."""
    assert min(measured(lambda: answer(BOMBS[name]))[1] for _ in range(3)) < 0.1


def test_inflating_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"<feedback>" + b"<version>1</version>\n" * (MIB // 8), 9, mtime=0)
    assert reasons(bomb, Limits(inflated_bytes=1 * MIB)) == ["too_large"]
    assert reasons(bomb, Limits()) == ["bad_xml"]  # all of it is read: the end is missing and nothing is in it


def test_members_of_all_archives_count_together() -> None:
    def archive(*members: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as opened_archive:
            for n, content in enumerate(members):
                opened_archive.writestr(f"{n}.zip", content)
        return out.getvalue()

    inner = archive(*[b"x"] * 30)
    assert "too_many_members" in reasons(archive(inner, inner, inner, inner))
    assert "too_many_members" not in reasons(archive(inner, inner))


def test_lines_and_values_are_bounded_by_what_was_given() -> None:
    """A few hundred bytes must not cost what only a large report may."""
    mail, many = b"From: a@b.example\r\n\r\n", b"text\r\n" * 120_000
    assert reasons(gzip.compress(mail + many)) == ["too_many_lines"]
    assert "too_many_lines" not in reasons(mail + many)
    assert "too_many_lines" not in reasons(gzip.compress(mail + base64.encodebytes(random.Random(1).randbytes(110_000 * 57))))
    policies = b'{"policies":[' + b"{}," * 80_000 + b"{}]}"
    assert reasons(gzip.compress(policies)) == ["too_many_elements"]
    assert reasons(policies) == []


def test_lines_of_all_mails_count_together() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(2):
            archive.writestr(f"{n}.eml", b"From: a@b.example\r\n\r\n" + b"\r\n" * 20_000)
    assert reasons(out.getvalue()) == ["too_many_lines"]


def test_mails_in_each_other_are_held_together() -> None:
    """Each of them alone is let through."""
    filling = (b"x" * 1000 + b"\r\n") * 1500
    inner = gzip.compress(b"From: a@b.example\r\n\r\n" + filling)
    head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + filling
    part = b"--b\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(inner) + b"--b--\r\n"
    assert "too_large" not in reasons(inner)
    assert reasons(gzip.compress(head + part)) == ["too_large"]


def test_processor_time_is_bounded() -> None:
    ticks = iter(range(10_000))
    found = list(read_reports(gzip.compress(b"<feedback>" + b" " * MIB), limits=Limits(cpu_seconds=5), clock=lambda: float(next(ticks))))
    assert [item.error.reason for item in found if isinstance(item, Unusable)] == ["too_slow"]


def test_a_large_report_is_read_from_flat_memory(tmp_path: Path) -> None:
    """A process of its own, since the peak of this one has other reasons; VmHWM, since ``ru_maxrss`` outlives exec and
    would begin at this one's peak."""
    record = (
        "<record><row><source_ip>2001:db8:{:x}::{:x}</source_ip><count>{}</count><policy_evaluated><disposition>none</disposition>"
        "<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>d{}.mail.example</header_from></identifiers>"
        "<auth_results><spf><domain>d{}.example</domain><result>pass</result></spf></auth_results></record>\n"
    )
    large = tmp_path / "large.xml"
    with large.open("w") as out:
        out.write("<feedback><report_metadata><report_id>1</report_id></report_metadata>\n")
        out.writelines(record.format(n & 0xFFFF, n >> 16, n, n, n % 300) for n in range(40_000))
        out.write("</feedback>\n")
    script = (
        "import re, sys\nfrom pathlib import Path\nfrom ingest.reports.reader import read_reports\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "start = peak()\n"
        "with open(sys.argv[1], 'rb') as f: (item,) = read_reports(f)\n"
        "rows = sum(1 for _ in item.report.records)\n"
        "print(rows, peak() - start)"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(large)], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    rows, kib = map(int, out.stdout.split())
    assert rows == 40_000
    assert 0 < kib < 40 * 1024


def test_a_covering_letter_in_html_that_speaks_of_feedback_is_no_report() -> None:
    assert reasons(b'<div style ="x">For any feedback/suggestions</ div><br /><a & b></ div >') == ["not_a_report"]


def test_reasons_are_stable_words_of_their_own() -> None:
    kinds: list[type[ReportError]] = [ReportError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    assert len({kind.reason for kind in kinds}) == len(kinds)
    assert all(kind.reason.replace("_", "").isalnum() and kind.reason.islower() and kind.permanent for kind in kinds)


def test_a_warning_that_is_not_in_the_table_cannot_be_used() -> None:
    with pytest.raises(KeyError):
        Notes().add("made_up")


def test_every_warning_of_the_table_is_used() -> None:
    folder = Path(__file__).parents[3] / "ingest" / "reports"
    source = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "warnings.py")
    assert [word for word in MEANINGS if f'"{word}"' not in source] == []
