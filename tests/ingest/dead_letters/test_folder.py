"""The folder of dead letters: durable, idempotent, bounded without silence, and never stopped by a damaged file."""

from __future__ import annotations

import errno
import threading

import msgspec
import pytest

from ingest.dead_letters.errors import DamagedLetter, DeadLettersUnavailable, UnknownLetter
from ingest.dead_letters.folder import DeadLetters, Evictions
from ingest.dead_letters.letter import Letter
from ingest.dead_letters.limits import DeadLetterLimits
from ingest.spool.filesystem import RealFilesystem
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool


def make_letter(number=0, *, reason="bad_xml", size=1_000, item=0, time=None):
    body = b"mail %d " % number + b"m" * size
    record = SpoolRecord(way="smtp", content="mail", arrived_at=number, body=body, peer_address="192.0.2.9", rcpt_to=("r@example.org",))
    return Letter(
        record_id=f"aaaaaaaaaaaa-00000001-{number:07d}",
        item=item,
        reason=reason,
        detail="line 3: not well-formed",
        item_name="report.xml.gz",
        time=number if time is None else time,
        raw=b"raw %d" % number,
        record=record,
    )


@pytest.fixture
def letters(tmp_path):
    return DeadLetters(tmp_path / "letters")


def test_a_letter_comes_back_as_it_was(letters):
    made = make_letter()
    known = letters.add(made)
    assert letters.get(known) == made
    again = DeadLetters(letters.folder)
    assert again.get(known) == made
    (line,) = again.letters()
    assert (line.id, line.reason, line.item_name, line.way, line.peer_address) == (known, "bad_xml", "report.xml.gz", "smtp", "192.0.2.9")
    assert not line.damaged


def test_adding_it_again_changes_nothing(letters):
    known = letters.add(make_letter())
    before = letters.raw_file(known)
    assert letters.add(make_letter(time=99)) == known
    assert DeadLetters(letters.folder).add(make_letter(time=100)) == known
    assert letters.raw_file(known) == before
    assert letters.status().letters == 1


def test_another_reason_replaces_it(letters):
    known = letters.add(make_letter())
    letters.add(make_letter(reason="too_deep"))
    assert letters.get(known).reason == "too_deep"
    assert letters.status().by_reason == {"too_deep": 1}


def test_items_of_one_record_are_apart(letters):
    ids = {letters.add(make_letter(item=item)) for item in range(3)}
    assert len(ids) == 3


def test_counts_by_reason_follow_additions_and_removals(letters):
    for number in range(5):
        letters.add(make_letter(number, reason="bad_xml" if number % 2 else "bad_zip"))
    assert letters.status().by_reason == {"bad_xml": 2, "bad_zip": 3}
    letters.remove(letters.letters(reason="bad_xml")[0].id)
    letters.remove("never-there")
    status = letters.status()
    assert (status.letters, status.by_reason) == (4, {"bad_xml": 1, "bad_zip": 3})
    assert status.bytes == sum(path.stat().st_size for path in letters.folder.glob("*.letter"))


def test_newest_first_in_pages(letters):
    for number in (3, 1, 2, 0):
        letters.add(make_letter(number))
    assert [line.time for line in letters.letters()] == [3, 2, 1, 0]
    assert [line.time for line in letters.letters(limit=2, offset=1)] == [2, 1]


def test_over_the_bound_the_oldest_go_and_are_counted(tmp_path):
    one = len_of(make_letter(0))
    letters = DeadLetters(tmp_path, limits=DeadLetterLimits(total_bytes=4 * one))
    for number in range(10):
        letters.add(make_letter(number))
    status = letters.status()
    assert [line.time for line in letters.letters()] == [9, 8, 7, 6]
    assert status.bytes <= 4 * one
    assert (status.evicted.letters, status.evicted.bytes) == (6, 6 * one)
    assert DeadLetters(tmp_path).status().evicted == status.evicted, "the count is durable"


def test_the_number_of_letters_is_bounded_too(tmp_path):
    letters = DeadLetters(tmp_path, limits=DeadLetterLimits(letters=3))
    for number in range(5):
        letters.add(make_letter(number))
    assert (letters.status().letters, letters.status().evicted.letters) == (3, 2)


def test_a_letter_larger_than_the_bound_is_kept_alone(tmp_path):
    letters = DeadLetters(tmp_path, limits=DeadLetterLimits(total_bytes=3_000))
    letters.add(make_letter(1))
    known = letters.add(make_letter(2, size=10_000))
    assert [line.id for line in letters.letters()] == [known]
    assert letters.status().evicted.letters == 1


def len_of(letter):
    from ingest.dead_letters.letter import encode_letter

    return len(encode_letter(letter))


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"stripwatch-dead-letter 1 xx", b"\xff" * 100_000])
def test_a_damaged_file_is_listed_and_hurts_nobody(letters, content):
    good = letters.add(make_letter(1))
    (letters.folder / "broken-0000.letter").write_bytes(content)
    (letters.folder / "half.letter.tmp").write_bytes(b"half")
    (letters.folder / "README").write_bytes(b"not ours")
    lines = {line.id: line for line in DeadLetters(letters.folder).letters()}
    assert lines.keys() == {good, "broken-0000"}
    assert lines["broken-0000"].damaged
    assert letters.status().damaged == 1
    assert letters.status().by_reason == {"bad_xml": 1, "damaged_letter": 1}
    with pytest.raises(DamagedLetter):
        letters.get("broken-0000")
    assert letters.raw_file("broken-0000") == content
    letters.remove("broken-0000")
    assert letters.status().damaged == 0


def test_a_letter_whose_bytes_rotted_is_written_anew(letters):
    known = letters.add(make_letter(1))
    path = letters.folder / f"{known}.letter"
    rotted = bytearray(path.read_bytes())
    rotted[-1] ^= 1
    path.write_bytes(rotted)
    with pytest.raises(DamagedLetter):
        letters.get(known)
    letters.add(make_letter(1))
    assert letters.get(known) == make_letter(1)


@pytest.mark.parametrize("odd", ["../escape", "a/b", "..", "", "a\0b"])
def test_an_id_cannot_leave_the_folder(letters, odd):
    with pytest.raises(UnknownLetter):
        letters.get(odd)
    if odd:
        with pytest.raises(UnknownLetter):
            letters.remove(odd + "/../x")


def test_other_processes_letters_are_seen(letters):
    other = DeadLetters(letters.folder)
    assert letters.status().letters == 0
    known = other.add(make_letter(1))
    assert [line.id for line in letters.letters()] == [known]
    other.remove(known)
    assert letters.letters() == []


def test_threads_add_at_once(letters):
    threads = [threading.Thread(target=letters.add, args=(make_letter(number),)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert letters.status().letters == 20


def test_retry_goes_through_the_spool_again(letters, tmp_path):
    made = make_letter(7)
    known = letters.add(made)
    with Spool.open(tmp_path / "spool") as spool:
        spool.append(letters.as_record(letters.get(known)))
        letters.remove(known)
    with SpoolReader.open(tmp_path / "spool") as reader:
        assert [stored.record for stored in reader.read()] == [made.record]
    assert letters.status().letters == 0


class FailingDisk(RealFilesystem):
    """The real one, whose call of that number fails."""

    def __init__(self, fail_at, number):
        self.left, self.number, self.injected = fail_at, number, 0

    def _tick(self):
        self.left -= 1
        if self.left == -1:
            self.injected += 1
            raise OSError(self.number, "injected")

    def create(self, path):
        self._tick()
        return super().create(path)

    def write(self, descriptor, data):
        self._tick()
        return super().write(descriptor, data)

    def fdatasync(self, descriptor):
        self._tick()
        super().fdatasync(descriptor)

    def rename(self, source, target):
        self._tick()
        super().rename(source, target)

    def unlink(self, path):
        self._tick()
        super().unlink(path)

    def sync_folder(self, folder):
        self._tick()
        super().sync_folder(folder)

    def list(self, folder):
        self._tick()
        return super().list(folder)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_each_failing_call_is_an_error_and_a_repeat_succeeds(tmp_path, number):
    injected = 0
    for call in range(60):
        folder = tmp_path / str(call)
        limits = DeadLetterLimits(total_bytes=3 * len_of(make_letter(0)))
        disk = FailingDisk(call, number)
        letters = DeadLetters(folder, limits=limits, filesystem=disk)
        for place in range(5):
            try:
                letters.add(make_letter(place))
            except DeadLettersUnavailable as failed:
                assert not failed.permanent
                letters.add(make_letter(place))
        injected += disk.injected
        again = DeadLetters(folder, limits=limits)
        assert [line.time for line in again.letters()] == [4, 3, 2]
        assert again.status().damaged == 0
        assert again.status().evicted.letters >= 2, "never silently"
    print(f"{injected} faults injected")
    assert injected >= 25


def test_a_damaged_count_of_evictions_starts_anew(tmp_path):
    (tmp_path / "evictions").write_bytes(b"\0\0")
    letters = DeadLetters(tmp_path)
    assert letters.status().evicted == Evictions()
    assert msgspec.json.decode(msgspec.json.encode(letters.status().evicted)) == {"letters": 0, "bytes": 0}
