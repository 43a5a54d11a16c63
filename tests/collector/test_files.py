from __future__ import annotations

import gzip
import mailbox
import os
import threading
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from collector.files import CaptureFile, FileProblem, FileSettings, Found, read_path, read_paths, read_stream
from ingest.spool.clock import SYSTEM_CLOCK
from ingest.spool.record import SpoolRecord

PCAP = b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(16)
MAIL = b"From: a@sender.example\nSubject: x\n\ntext\n"
SEPARATOR = b"From a@b Fri Jul  8 12:08:34 2011\n"
SETTINGS = FileSettings()


def found(path: Path, settings: FileSettings = SETTINGS) -> list[Found]:
    return list(read_path(path, settings, SYSTEM_CLOCK))


def bodies(everything: list[Found] | Iterator[Found]) -> list[bytes]:
    return [each.body for each in everything if isinstance(each, SpoolRecord)]


def problems(everything: list[Found]) -> list[tuple[str, str]]:
    return [(each.path.name, each.reason) for each in everything if isinstance(each, FileProblem)]


def test_single_files_by_their_bytes_whatever_their_names(tmp_path: Path) -> None:
    for name, content in {"report.pcap": b"<feedback/>", "capture.xml": PCAP, "x.mbox": MAIL, "noname": gzip.compress(b"{}")}.items():
        (tmp_path / name).write_bytes(content)
    capture, noname, report, mail = found(tmp_path)
    assert capture == CaptureFile(tmp_path / "capture.xml")
    assert isinstance(noname, SpoolRecord)
    assert isinstance(report, SpoolRecord)
    assert isinstance(mail, SpoolRecord)
    assert (noname.way, noname.content, noname.body) == ("file", "report", gzip.compress(b"{}"))
    assert (report.content, report.body, report.file_path) == ("report", b"<feedback/>", str(tmp_path / "report.pcap"))
    assert (mail.content, mail.body) == ("mail", MAIL)


def test_compressed_captures_are_named_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(PCAP * 100))
    assert found(tmp_path / "x.gz") == [CaptureFile(tmp_path / "x.gz")]


def test_folders_below_and_loops_of_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "one.xml").write_bytes(b"<one/>")
    (tmp_path / "two.xml").write_bytes(b"<two/>")
    (tmp_path / ".hidden").write_bytes(b"<hidden/>")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    everything = found(tmp_path)
    assert sorted(bodies(everything)) == [b"<one/>", b"<two/>"]
    assert problems(everything) == [("dangling", "not_found"), ("itself", "not_readable")]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a-empty").write_bytes(b"")
    (tmp_path / "b-large").write_bytes(b"x" * 1001)
    os.mkfifo(tmp_path / "c-pipe")
    (tmp_path / "d-good").write_bytes(b"x" * 1000)
    everything = list(read_paths([tmp_path / "missing", tmp_path], FileSettings(size_limit=1000), SYSTEM_CLOCK))
    assert problems(everything) == [("missing", "not_found"), ("a-empty", "empty"), ("b-large", "too_large"), ("c-pipe", "not_a_file")]
    assert bodies(everything) == [b"x" * 1000]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    assert problems(found(tmp_path)) == [("secret", "not_readable")]


def test_mbox_as_python_writes_it(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for number in range(3):
        box.add(b"Subject: %d\n\ntext\n" % number)
    box.close()
    assert bodies(found(tmp_path / "box")) == [b"Subject: %d\n\ntext\n" % number for number in range(3)]


def test_packed_mbox_and_a_damaged_one(tmp_path: Path) -> None:
    packed = gzip.compress((SEPARATOR + MAIL + b"\n") * 50)
    (tmp_path / "a.gz").write_bytes(packed)
    (tmp_path / "b.gz").write_bytes(packed[:-20])
    everything = found(tmp_path)
    assert bodies(everything)[:50] == [MAIL] * 50
    assert problems(everything) == [("b.gz", "damaged")]


def test_maildir_and_its_subfolders(tmp_path: Path) -> None:
    maildir = mailbox.Maildir(tmp_path / "Maildir")
    maildir.add(b"Subject: new\n\nx\n")
    maildir.add_folder("Reports").add(b"Subject: below\n\nx\n")
    (tmp_path / "Maildir" / "dovecot-uidlist").write_bytes(b"3 V1 N2")
    (tmp_path / "Maildir" / "tmp" / "half").write_bytes(b"Subject: half")
    assert sorted(bodies(found(tmp_path))) == [b"Subject: below\n\nx\n", b"Subject: new\n\nx\n"]


def test_standard_input(tmp_path: Path) -> None:
    def read(content: bytes) -> list[Found]:
        return list(read_paths([Path("-")], SETTINGS, SYSTEM_CLOCK, BytesIO(content)))

    assert bodies(read(b"<feedback/>")) == [b"<feedback/>"]
    assert bodies(read(b"x" * 100_000)) == [b"x" * 100_000]
    assert bodies(read((SEPARATOR + MAIL + b"\n") * 1000)) == [MAIL] * 1000
    assert problems(read(b"")) == [("-", "empty")]
    assert problems(list(read_stream(BytesIO(b"x" * 1001), Path("-"), FileSettings(size_limit=1000), SYSTEM_CLOCK))) == [("-", "too_large")]
    (capture,) = read(PCAP + b"y" * 100_000)
    assert isinstance(capture, CaptureFile)
    assert capture.stream is not None
    assert capture.stream.read() == PCAP + b"y" * 100_000


def test_pipe_given_by_name(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb") as file:
            for _ in range(100):
                file.write(SEPARATOR + MAIL + b"\n")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    assert bodies(found(pipe)) == [MAIL] * 100
    writer.join()


def test_large_mbox_is_read_in_bounded_memory(tmp_path: Path) -> None:
    one = SEPARATOR + b"Subject: x\n\n" + (b"y" * 750 + b"\n") * 600 + b"\n"
    with (tmp_path / "box").open("wb") as file:
        for _ in range(60):
            file.write(one)
    tracemalloc.start()
    count = sum(1 for _ in read_path(tmp_path / "box", SETTINGS, SYSTEM_CLOCK))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60
    assert peak < 4 * len(one)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.xml"))
    path.write_bytes(b"<x/>")
    (record,) = found(path)
    assert isinstance(record, SpoolRecord)
    assert record.file_path is not None
    assert record.file_path.endswith("/\\xff.xml")
