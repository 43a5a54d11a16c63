from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingest.incidents import evidence as module
from ingest.incidents.evidence import evidence
from ingest.incidents.finding import Finding
from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import Document

START = datetime(2026, 11, 1, tzinfo=UTC)
SERVERS = [f"192.0.2.{n}" for n in range(1, 9)]


def finding(server: str, hours: int) -> Finding:
    return Finding(
        rule="starttls_stripped",
        scope="server",
        subject=server,
        dataset="sessions",
        where={"destination.ip": (server,), "smtp.verdict": ("stripped_offer", "stripped_command")},
        affected=1,
        total=1,
        first_seen=START,
        last_seen=START + timedelta(hours=hours),
        severity="low",
        text="",
    )


@pytest.fixture
def filled(duck: DuckStore) -> DuckStore:
    """The first server is busy, the last was seen once, long ago; verdicts alternate with one that shows nothing."""
    busy = [(f"busy{n:04}", SERVERS[0], n) for n in range(300)]
    others = [(f"other{n}-{server}", server, n) for server in SERVERS[1:-1] for n in range(4)]
    rows = [*busy, *others, ("rare", SERVERS[-1], 0)]
    verdicts = ("stripped_offer", "stripped_command", "tls")
    duck.create(
        [
            Document(
                dataset="sessions",
                id=id,
                fields={"@timestamp": START + timedelta(hours=n), "destination.ip": server, "smtp.verdict": verdicts[n % 3]},
            )
            for id, server, n in rows
        ]
    )
    return duck


def test_a_lot_gives_what_each_alone_gives(filled: DuckStore, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [finding(server, hours) for server in SERVERS for hours in (1, 299)]
    alone = [evidence(filled, [one], 5)[0] for one in findings]
    assert [len(found) for found in alone[:4]] == [2, 5, 2, 3] and alone[-1] == [{"dataset": "sessions", "id": "rare"}]
    assert evidence(filled, findings, 5) == alone
    monkeypatch.setattr(module, "PAGE", 10)
    monkeypatch.setattr(module, "PAGES", 2)
    assert evidence(filled, findings, 5) == alone, "what the shared pages do not hold is asked for by itself"


def test_the_newest_come_first(filled: DuckStore) -> None:
    (found,) = evidence(filled, [finding(SERVERS[0], 299)], 3)
    assert [reference["id"] for reference in found] == ["busy0298", "busy0297", "busy0295"]


def test_questions_do_not_grow_with_the_findings(filled: DuckStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    select = filled.select
    monkeypatch.setattr(filled, "select", lambda selection: asked.append(selection) or select(selection))
    evidence(filled, [finding(server, 299) for server in SERVERS], 300)
    assert len(asked) == 1
