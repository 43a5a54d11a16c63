from __future__ import annotations

from pathlib import Path

from dashboards.letters import KeptLetters
from ingest.dead_letters.folder import DeadLetters
from ingest.dead_letters.letter import Letter
from ingest.spool.record import SpoolRecord

RECORD = SpoolRecord(way="smtp", content="mail", arrived_at=5, body=b"whole mail", peer_address="198.51.100.7")
LETTER = Letter(
    record_id="seg-1", item=2, reason="xml_not_well_formed", detail="line 3", item_name="a.xml", time=10**18, raw=b"<x", record=RECORD
)


def test_a_letter_is_listed_read_and_retried(tmp_path: Path) -> None:
    appended: list[SpoolRecord] = []
    folder = DeadLetters(tmp_path)
    letters = KeptLetters(folder, appended.append)
    id = folder.add(LETTER)
    [shown] = letters.recent(10)
    assert (shown.id, shown.reason, shown.says, shown.origin, shown.way) == (
        id,
        "xml_not_well_formed",
        "line 3",
        "198.51.100.7 · a.xml",
        "smtp",
    )
    assert letters.raw(id) == b"<x"
    assert letters.retry(id) and appended == [RECORD] and letters.recent(10) == []


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    letters = KeptLetters(DeadLetters(tmp_path), lambda record: None)
    assert letters.raw("nosuch-0000") is None and letters.raw("../x") is None
    assert not letters.retry("nosuch-0000")


def test_a_damaged_letter_stays_and_shows_its_file(tmp_path: Path) -> None:
    folder = DeadLetters(tmp_path)
    id = folder.add(LETTER)
    path = next(tmp_path.glob("*.letter"))
    path.write_bytes(path.read_bytes()[:-3])
    letters = KeptLetters(DeadLetters(tmp_path), lambda record: None)
    assert not letters.retry(id) and letters.raw(id) == path.read_bytes()


def test_a_failed_append_keeps_the_letter(tmp_path: Path) -> None:
    folder = DeadLetters(tmp_path)
    id = folder.add(LETTER)

    def full(record: SpoolRecord) -> None:
        raise OSError(28, "no space")

    try:
        KeptLetters(folder, full).retry(id)
    except OSError:
        pass
    assert folder.get(id).raw == b"<x"
