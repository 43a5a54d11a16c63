"""A drain over real parts: a spool folder, DuckDB and dead letters in a temporary folder."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.dead_letters.folder import DeadLetters
from ingest.drain.drain import Drain, DrainSettings
from ingest.drain.judgement import WayJudge
from ingest.enrich.enricher import Enricher
from ingest.enrich.prefixes import PrefixTable
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.spool import Spool
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document, Store, select_all
from ingest.store.query import Selection

ARRIVED = 1_790_000_000_000_000_000
ENRICHER = Enricher([PrefixTable.from_csv(["198.51.100.0/24,TN,64500,Their Net"])])


@dataclass
class Bench:
    """The parts, and short ways to use them."""

    spool: Spool
    reader: SpoolReader
    store: Store
    dead_letters: DeadLetters
    folder: Path

    def drain(self, store: Store | None = None, **settings: Any) -> Drain:
        return Drain(
            reader=self.reader,
            store=store or self.store,
            dead_letters=self.dead_letters,
            enricher=ENRICHER,
            judge=WayJudge(),
            clock=lambda: ARRIVED + 10**9,
            settings=DrainSettings(**settings),
        )

    def put(self, body: bytes, way: Any = "https", content: Any = "report") -> str:
        return self.spool.append(SpoolRecord(way=way, content=content, arrived_at=ARRIVED, body=body, peer_address="192.0.2.1"))

    def drain_all(self, drain: Drain | None = None) -> None:
        drain = drain or self.drain()
        while drain.step() is not None:
            pass

    def all(self, dataset: str) -> list[Document]:
        return list(select_all(self.store, Selection(dataset=dataset)))

    def outcomes(self) -> dict[str, int]:
        words = ("stored", "duplicate", "conflict", "dead_letter")
        return {word: sum(document.fields[word] for document in self.all("arrivals")) for word in words}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    spool = Spool.open(tmp_path / "spool")
    reader = SpoolReader.open(tmp_path / "spool")
    store = DuckStore(tmp_path / "store.duckdb")
    store.prepare()
    yield Bench(spool, reader, store, DeadLetters(tmp_path / "dead"), tmp_path)
    spool.close()
    reader.close()
    store.close()


def tls_report(report_id: str = "r1", successful: int = 5, failures: int = 2, domain: str = "example.org") -> bytes:
    details = [{"result-type": "starttls-not-supported", "sending-mta-ip": "198.51.100.7", "failed-session-count": failures}]
    policy = {"policy-type": "sts", "policy-domain": domain, "policy-string": ["version: STSv1", "mode: enforce"]}
    summary = {"total-successful-session-count": successful, "total-failure-session-count": failures}
    report: dict[str, Any] = {
        "organization-name": "Sample Org",
        "date-range": {"start-datetime": "2026-11-01T00:00:00Z", "end-datetime": "2026-11-01T23:59:59Z"},
        "contact-info": "tls@sample.example",
        "report-id": report_id,
        "policies": [{"policy": policy, "summary": summary, "failure-details": details if failures else []}],
    }
    return json.dumps(report).encode()


def dmarc_report(rows: int = 3, report_id: str = "d1", count: int = 1) -> bytes:
    row = (
        "<record><row><source_ip>198.51.100.{n}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition>"
        "<dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.org</header_from></identifiers>"
        "<auth_results><spf><domain>example.org</domain><result>fail</result></spf></auth_results></record>"
    )
    return (
        "<feedback><report_metadata><org_name>Sample</org_name><email>a@b.example</email>"
        f"<report_id>{report_id}</report_id><date_range><begin>1790000000</begin><end>1790086399</end></date_range></report_metadata>"
        "<policy_published><domain>example.org</domain><p>none</p></policy_published>"
        + "".join(row.format(n=n % 250, count=count) for n in range(rows))
        + "</feedback>"
    ).encode()


def session(port: int = 40000, **changes: Any) -> dict[str, Any]:
    return {
        "@timestamp": "2026-11-20T10:00:00.000001Z",
        "event": {"dataset": "smtp.session", "id": f"{port:032x}"},
        "source": {"ip": "198.51.100.7", "port": port},
        "destination": {"ip": "192.0.2.25", "port": 25},
        "observer": {"name": "gw1"},
        "smtp": {"verdict": "stripped_command"},
        **changes,
    }


def lines(*sessions: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in sessions)


def mail(*attachments: bytes) -> bytes:
    """A mail with gzipped attachments."""
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"] = "Reporter <noreply@sample.example>"
    message["To"] = "tls@example.org"
    message["Subject"] = "Report"
    message.set_content("See attached.\n")
    for number, attachment in enumerate(attachments):
        message.add_attachment(gzip.compress(attachment, mtime=0), maintype="application", subtype="gzip", filename=f"{number}.gz")
    return message.as_bytes()


Make = Callable[..., bytes]
