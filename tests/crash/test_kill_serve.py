"""``serve`` is killed while mails arrive: every acknowledged mail is in the store once, and every start succeeds.

12 kills by default; ``make soak`` kills 1,000 times.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import smtplib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingest.store.duckdb_store.store import DuckStore
from ingest.store.protocol import select_all
from ingest.store.query import Selection
from tests.serving import Serving

KILLS = int(os.environ.get("STRIPWATCH_TEST_KILLS", "12"))
SENDERS = 6


@dataclass
class Sent:
    """What was acknowledged, and what is only known to have been sent."""

    acknowledged: set[str] = field(default_factory=set)
    attempted: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


def report(report_id: str) -> bytes:
    body = {
        "organization-name": "Sample",
        "date-range": {"start-datetime": "2026-11-01T00:00:00Z", "end-datetime": "2026-11-01T23:59:59Z"},
        "contact-info": "a@sample.example",
        "report-id": report_id,
        "policies": [
            {
                "policy": {"policy-type": "no-policy-found", "policy-domain": "example.org"},
                "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0},
            }
        ],
    }
    head = "From: a@sample.example\r\nTo: tls@example.org\r\nContent-Type: application/tlsrpt+json\r\n\r\n"
    return head.encode() + json.dumps(body).encode() + b"\r\n"


def send_until(stop: threading.Event, port: int, sent: Sent, prefix: str) -> None:
    """Mail after mail on one connection, until the server is gone."""
    number = 0
    with contextlib.suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        while not stop.is_set():
            number += 1
            report_id = f"{prefix}-{number}"
            with sent.lock:
                sent.attempted.add(report_id)
            client.sendmail("a@sample.example", ["tls@example.org"], report(report_id))
            with sent.lock:
                sent.acknowledged.add(report_id)


@pytest.mark.timeout(600 + KILLS * 4)
def test_every_acknowledged_mail_is_in_the_store_once(tmp_path: Path) -> None:
    chance = random.Random(20261124)
    sent = Sent()
    slowest = 0.0
    for kill in range(KILLS):
        began = time.monotonic()
        serving = Serving(tmp_path, SERVE_HTTPS="false", SERVE_DASHBOARD="false", DUCKDB_THREADS="1")
        slowest = max(slowest, time.monotonic() - began)
        stop = threading.Event()
        senders = [
            threading.Thread(target=send_until, args=(stop, serving.ports["smtp"], sent, f"{kill}-{sender}")) for sender in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        time.sleep(chance.uniform(0.01, 0.8))
        serving.end(signal.SIGKILL)
        stop.set()
        for sender in senders:
            sender.join()
    serving = Serving(tmp_path, SERVE_HTTPS="false", SERVE_DASHBOARD="false", DUCKDB_THREADS="1")
    deadline = time.monotonic() + 60 + KILLS  # what one life left undrained the next ones may leave too
    while (spool := sorted((tmp_path / "spool").glob("*.seg"))) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert serving.end(signal.SIGTERM) == 0
    stored = _stored(tmp_path)
    counts = f"{len(sent.acknowledged)} acknowledged, {len(stored)} stored, {len(spool)} segments left"
    print(f"{KILLS} kills, {counts}, slowest start {slowest:.1f} s")
    assert sent.acknowledged, "nothing was acknowledged: the test proves nothing"
    assert not spool, "the drain is too slow for this test to judge"
    assert len(stored) == len(set(stored))
    assert sent.acknowledged <= set(stored) <= sent.attempted


def _stored(folder: Path) -> list[str]:
    store = DuckStore(folder / "store.duckdb")
    try:
        reports = [document.fields["report.id"] for document in select_all(store, Selection(dataset="reports", limit=500))]
        rows = [document.fields["report.id"] for document in select_all(store, Selection(dataset="tlsrpt", limit=500))]
        assert sorted(reports) == sorted(rows)
        return reports
    finally:
        store.close()
