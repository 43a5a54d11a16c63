"""Incidents, and services on loopback that are told of them: a real HTTP server and a real SMTP server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from ingest.incidents.model import Incident
from tests.loopback import QuietHandler, http_server

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = datetime(2026, 11, 1, tzinfo=UTC)


def incident(id: str, **changes: Any) -> Incident:
    """One that people are told of by default."""
    fields: dict[str, Any] = {
        "rule": "starttls_stripped",
        "severity": "critical",
        "scope": "path",
        "subject": "gate uplink-b",
        "summary": "STARTTLS was masked in 21 of 21 sessions (at least 84 %).",
        "affected": 21,
        "total": 21,
        "share": 1.0,
        "lower": 0.84,
        "upper": 1.0,
        "first_seen": NOW - timedelta(days=2),
        "last_seen": NOW - timedelta(hours=1),
        "window_begin": MONTH,
        "window_end": MONTH + timedelta(days=30),
        "keys": {"dataset": "sessions", "where": {"network.path": ["gate uplink-b"]}},
        "sources": ("wire",),
        "agreement": "wire_only",
        "updated": NOW,
    }
    return Incident(id=id, **{**fields, **changes})


@dataclass
class Hook:
    """What takes JSON by HTTP; ``refusing``: it answers 503."""

    url: str = ""
    refusing: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            found.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not found.refusing:
                found.messages.append(json.loads(body))
            self.send_response(503 if found.refusing else 200)
            self.end_headers()

    with http_server(Handler) as port:
        found.url = f"json://someone:pa55word@127.0.0.1:{port}/hook"
        yield found


@dataclass
class Mailbox:
    """What takes mail by SMTP."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    found = Mailbox()

    class Handler(Message):
        def handle_message(self, message: Any) -> None:
            found.mails.append(message)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Handler(EmailMessage), hostname="127.0.0.1", port=port)
    controller.start()
    found.url = f"mailto://127.0.0.1:{port}/?from=stripwatch@gate.example&to=soc@gate.example&mode=insecure"
    yield found
    controller.stop()
