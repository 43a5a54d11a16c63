"""A replay judges as the day of arrival did, also when the reporter has changed its keys since."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.provenance.dns_resolver import DnsResolver
from ingest.provenance.judge import MailJudge
from ingest.provenance.known_keys import MOST, KnownKeys

from .conftest import ARRIVED, Nameserver, key_record, mail, record, report_in, rsa_key

KEY = ("s1._domainkey.sender.example", "TXT")


def judged(nameserver: Nameserver, path: Path, raw: bytes, arrived: int = ARRIVED) -> str | None:
    judge = MailJudge(DnsResolver([nameserver.address]), known=KnownKeys(path))
    return judge(record(raw, arrived_at=arrived * 10**9), report_in(raw)).finding


@pytest.mark.parametrize("since", [None, ["v=DKIM1; p="], [key_record(rsa_key(1536))], []])
def test_a_key_that_was_changed_since_verifies_what_came_in_its_time(
    nameserver: Nameserver, tmp_path: Path, since: list[str] | None
) -> None:
    path = tmp_path / "keys.jsonl"
    nameserver.records[KEY] = [key_record()]
    first, later = mail().sign(t=b"1").bytes(), ARRIVED + 86_400
    assert judged(nameserver, path, first) == judged(nameserver, path, first, later) == "valid"
    del nameserver.records[KEY]
    if since is not None:
        nameserver.records[KEY] = since
    assert judged(nameserver, path, first) == "valid"
    assert judged(nameserver, path, first, ARRIVED + 3600) == "valid"
    assert judged(nameserver, path, first, later + 1) != "valid", "a key that was taken back is not trusted any more"
    assert judged(nameserver, path, first, ARRIVED - 1) != "valid"
    assert judged(nameserver, path, first.replace(b"A report.", b"B report.")) != "valid"
    path.unlink()
    assert judged(nameserver, path, first) != "valid"


def test_a_signature_that_fails_makes_no_key_known(nameserver: Nameserver, tmp_path: Path) -> None:
    nameserver.records[KEY] = [key_record()]
    path = tmp_path / "keys.jsonl"
    judged(nameserver, path, mail().sign().bytes().replace(b"A report.", b"B report."))
    assert not path.exists()


def test_the_memory_is_bounded_damage_is_passed_over_and_a_full_disk_is_borne(tmp_path: Path) -> None:
    keys = KnownKeys()
    for number in range(MOST + 5):
        keys.verified(f"n{number}", (b"k",), 1)
    assert keys.at("n0", 1) == []
    assert keys.at(f"n{MOST}", 1) == [(b"k",)]
    path = tmp_path / "keys.jsonl"
    KnownKeys(path).verified("a", (b"\xff",), 1)
    path.write_bytes(b"\xff\n{}\n" + path.read_bytes())
    assert KnownKeys(path).at("a", 1) == [(b"\xff",)]
    nowhere = KnownKeys(tmp_path / "missing" / "keys.jsonl")
    nowhere.verified("a", (b"k",), 1)
    assert nowhere.at("a", 1) == [(b"k",)]
