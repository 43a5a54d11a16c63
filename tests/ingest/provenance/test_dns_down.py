"""A DNS server that is down, then up: what came meanwhile waits in the spool, counts nowhere, and is decided after all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.dead_letters.folder import DeadLetters
from ingest.drain.drain import Drain
from ingest.drain.rejudge import Rejudge
from ingest.drain.undecided import FILE_NAME, FIRST_WAIT, UndecidedBook
from ingest.enrich.enricher import Enricher
from ingest.provenance.dns_resolver import REST, DnsResolver
from ingest.provenance.judge import MailJudge
from ingest.spool.reader import SpoolReader
from ingest.spool.replay import replay
from ingest.spool.spool import Spool
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import select_all
from ingest.store.query import Selection

from .conftest import ARRIVED, Nameserver, dmarc_xml, key_record, mail, record, tls_json


@pytest.mark.parametrize("fault", ["refuse", "silent"])
def test_mails_are_decided_when_the_dns_is_back(tmp_path: Path, nameserver: Nameserver, fault: str) -> None:
    nameserver.records["s1._domainkey.sender.example", "TXT"] = [key_record()]
    now = [float(ARRIVED)]
    store = DuckStore(tmp_path / "store.duckdb")
    store.prepare()
    book = UndecidedBook(tmp_path / FILE_NAME)
    judge = MailJudge(DnsResolver([nameserver.address], seconds=0.2, clock=lambda: now[0]))
    with Spool.open(tmp_path / "spool") as spool:
        spool.append(record(mail().sign().bytes()))
        spool.append(record(mail(dmarc_xml()).sign().bytes().replace(b"A report.", b"B report."), mail_from="a@elsewhere.example"))
        spool.append(record(mail(tls_json(org="Nobody")).bytes()))
    reader = SpoolReader.open(tmp_path / "spool")
    drain = Drain(
        reader=reader,
        store=store,
        dead_letters=DeadLetters(tmp_path / "dead"),
        enricher=Enricher([]),
        judge=judge,
        clock=lambda: int(now[0] * 1e9),
        undecided=book,
    )
    rejudge = Rejudge(drain.reports, store, book, lambda since: replay(tmp_path / "spool", since=since), lambda: int(now[0] * 1e9))

    def standing() -> list[tuple[str, object, object]]:
        found = [document.fields for document in select_all(store, Selection(dataset="reports"))]
        return sorted((fields["provenance"], fields.get("left_out", "counted"), fields["signature.result"]) for fields in found)

    setattr(nameserver, fault, True)
    while drain.step() is not None:
        pass
    waiting = ("unsigned", "undecided", "dns_failure")
    assert standing() == [waiting, waiting, ("unsigned", "unsigned", "no_signature")]
    now[0] += REST + 1
    assert rejudge.step().decided == 0
    assert standing()[:2] == [waiting, waiting]

    setattr(nameserver, fault, False)
    now[0] += FIRST_WAIT / 1e9 + REST
    assert rejudge.step().decided == 2
    assert standing() == [
        ("failed", "failed", "body_changed"),
        ("unsigned", "unsigned", "no_signature"),
        ("verified", "counted", "valid"),
    ]
    assert len(book) == 0
    reader.close()
    store.close()
