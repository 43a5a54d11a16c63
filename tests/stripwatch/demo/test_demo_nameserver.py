"""The demo's name server and keys: the product's own resolver and judge find the demo's mails in order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.provenance.dns_resolver import DnsResolver
from ingest.provenance.errors import NameNotFound
from ingest.provenance.judge import MailJudge
from ingest.reports.reader import FoundReport, read_reports
from ingest.spool.record import SpoolRecord
from stripwatch.demo.nameserver import Nameserver
from stripwatch.demo.reports import SIGNERS, Mailed, deliveries
from stripwatch.demo.signing import SigningKeys

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_demos_mails_verify_but_the_forged_one() -> None:
    keys = SigningKeys()

    async def judged() -> list[str]:
        nameserver = await Nameserver.start(keys.records(SIGNERS))
        try:
            return await asyncio.to_thread(provenances, MailJudge(DnsResolver([nameserver.address])))
        finally:
            nameserver.stop()

    def provenances(judge: MailJudge) -> list[str]:
        found = []
        for mail in deliveries(NOW):
            if isinstance(mail, Mailed):
                raw = mail.message if mail.signer is None else keys.signed(mail.message, mail.signer)
                arrived = int(datetime.now(UTC).timestamp() * 1e9)
                record = SpoolRecord(way="smtp", content="mail", arrived_at=arrived, body=raw, mail_from=mail.sender)
                (item,) = read_reports(raw)
                assert isinstance(item, FoundReport)
                found.append(judge(record, item.report).provenance)
        return found

    words = asyncio.run(judged())
    assert words.pop() == "unsigned"
    assert set(words) == {"verified"}
    assert len(words) > 20


def test_other_names_do_not_exist_and_other_kinds_are_empty() -> None:
    async def asked() -> tuple[bytes, ...]:
        nameserver = await Nameserver.start({"a.example": "text"})
        resolver = DnsResolver([nameserver.address])
        try:
            with pytest.raises(NameNotFound):
                await asyncio.to_thread(resolver.lookup, "b.example", "TXT")
            assert await asyncio.to_thread(resolver.lookup, "A.example", "TXT") == (b"text",)
            return await asyncio.to_thread(resolver.lookup, "a.example", "A")
        finally:
            nameserver.stop()

    assert asyncio.run(asked()) == ()


@given(st.binary(max_size=60))
def test_what_is_no_query_gets_no_answer_or_a_whole_one(data: bytes) -> None:
    answer = Nameserver({}).answer(data)
    assert answer is None or dns.message.from_wire(answer)
