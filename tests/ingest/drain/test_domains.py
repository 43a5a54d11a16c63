"""Whose a report is: TLS reports on several domains are told apart, tenants by configuration, strangers' reports kept aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.dead_letters.folder import DeadLetters
from ingest.drain.drain import Drain
from ingest.provenance.dns_resolver import DnsResolver
from ingest.provenance.judge import MailJudge
from ingest.provenance.settings import JudgeSettings
from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.replay import replay
from ingest.spool.spool import Spool
from ingest.store.protocol import Document, Store
from ingest.store.query import Selection
from tests.ingest.drain.conftest import ARRIVED, ENRICHER, dmarc_report, tls_report
from tests.ingest.store.conftest import duck, elastic, prepared_elastic, store

__all__ = ["duck", "elastic", "prepared_elastic", "store"]
TENANTS = {"a.example": "Alpha", "b.example": "Beta", "example.org": "Alpha"}


class Scene:
    """One of the stores behind a drain that knows our domains and their tenants."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder, store
        store.prepare()
        self.spool = Spool.open(folder / "spool")
        self.reader = SpoolReader.open(folder / "spool")
        self.drain = Drain(
            reader=self.reader,
            store=store,
            dead_letters=DeadLetters(folder / "dead"),
            enricher=ENRICHER,
            judge=MailJudge(DnsResolver(("127.0.0.1:9",), 0.1), JudgeSettings(domains=("a.example", "b.example", "example.org"))),
            clock=lambda: ARRIVED,
            tenant_of=lambda domain: TENANTS.get(domain or ""),
        )

    def take(self, *bodies: bytes) -> None:
        for body in bodies:
            self.spool.append(SpoolRecord(way="https", content="report", arrived_at=ARRIVED, body=body))
        while self.drain.step() is not None:
            pass
        self.store.refresh()

    def all(self, dataset: str) -> list[Document]:
        return self.store.select(Selection(dataset=dataset, limit=100)).documents

    def told(self, dataset: str, *fields: str) -> list[tuple[object, ...]]:
        return sorted((tuple(d.fields.get(field) for field in fields) for d in self.all(dataset)), key=str)


@pytest.fixture
def scene(tmp_path: Path, store: Store) -> Iterator[Scene]:
    made = Scene(tmp_path, store)
    yield made
    made.spool.close()
    made.reader.close()


def several(*domains: str | None, one: Callable[..., bytes] = tls_report) -> bytes:
    """A TLS report with a policy on each of the domains; None names none."""
    report = json.loads(one())
    (policy,) = report["policies"]
    report["policies"] = [
        {**policy, "policy": {name: value for name, value in {**policy["policy"], "policy-domain": domain}.items() if value is not None}}
        for domain in domains
    ]
    return json.dumps(report).encode()


def test_a_tls_report_on_several_domains_is_split_by_domain(scene: Scene) -> None:
    scene.take(several("a.example", "b.example", "a.example", None))
    fields = ("policy.domain", "tenant", "report.records", "report.messages", "report.failures")
    assert scene.told("reports", *fields) == [("a.example", "Alpha", 3, 21, 6), ("b.example", "Beta", 1, 7, 2)]
    assert scene.told("tlsrpt", "policy.domain", "tenant") == [("a.example", "Alpha")] * 3 + [("b.example", "Beta")]
    assert scene.told("tlsrpt_failures", "policy.domain", "tenant") == [("a.example", "Alpha")] * 3 + [("b.example", "Beta")]
    rows = {row.fields["report.uid"] for row in scene.all("tlsrpt")}
    assert rows == {report.id for report in scene.all("reports")}
    assert scene.told("arrivals", "outcome", "stored", "tenant") == [("stored", 2, None)], "a record of two tenants is neither's"


def test_what_came_in_belongs_to_the_one_tenant_that_it_speaks_of(scene: Scene) -> None:
    scene.take(tls_report(domain="a.example"))
    assert scene.told("arrivals", "tenant") == [("Alpha",)]


def test_the_parts_come_again_as_duplicates_and_are_replayed_as_they_were(scene: Scene) -> None:
    body = several("a.example", "b.example")
    scene.take(body, body)
    assert scene.told("arrivals", "outcome", "stored", "duplicate") == [("duplicate", 0, 2), ("stored", 2, 0)]
    before = {name: sorted(scene.all(name), key=lambda d: d.id) for name in ("reports", "tlsrpt", "tlsrpt_failures", "arrivals")}
    scene.drain.replay(replay(scene.folder / "spool"))
    scene.store.refresh()
    assert {name: sorted(scene.all(name), key=lambda d: d.id) for name in before} == before


def test_only_the_part_about_a_domain_that_is_not_ours_is_kept_apart(scene: Scene) -> None:
    scene.take(several("a.example", "stranger.example"))
    fields = ("policy.domain", "counted", "left_out")
    expected = [("a.example", True, None), ("stranger.example", False, "foreign_domain")]
    assert scene.told("reports", *fields) == scene.told("tlsrpt", *fields) == scene.told("tlsrpt_failures", *fields) == expected


def test_a_report_about_a_domain_that_is_not_ours_is_kept_apart(scene: Scene) -> None:
    scene.take(dmarc_report().replace(b"<domain>example.org</domain><p>", b"<domain>stranger.example</domain><p>"), dmarc_report())
    fields = ("policy.domain", "counted", "left_out")
    assert scene.told("reports", *fields) == [("example.org", True, None), ("stranger.example", False, "foreign_domain")]
    assert set(scene.told("dmarc", *fields)) == {("example.org", True, None), ("stranger.example", False, "foreign_domain")}


def test_a_report_about_a_lookalike_of_ours_is_kept_apart(scene: Scene) -> None:
    scene.take(tls_report("r1", domain="nota.example"), tls_report("r2", domain="sub.a.example"))
    assert scene.told("reports", "policy.domain", "counted") == [("nota.example", False), ("sub.a.example", True)]
