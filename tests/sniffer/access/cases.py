"""A row of a table of POP3 or IMAP sessions: script, how the capture ends, verdict, fields, evidence."""

from __future__ import annotations

from typing import Any

from sniffer.evidence import WORDS
from sniffer.session import session_record
from sniffer.sniff_settings import SniffSettings
from tests.sniffer.handshakes import handshake
from tests.sniffer.playbook import Turns, session, turns, words

Case = tuple[str, dict[str, Any], str, dict[str, Any], list[str]]
PORTS = {"pop3": 110, "imap": 143}
FIELDS = {
    "listed": ("ehlo",),
    "offered": ("starttls", "offered"),
    "requested": ("starttls", "requested"),
    "code": ("starttls", "reply_code"),
    "mail": ("mail_in_clear",),
    "auth": ("auth", "offered_in_clear"),
    "used": ("auth", "used_in_clear"),
}


def only(protocol: str) -> SniffSettings:
    return SniffSettings(protocols=frozenset({protocol}))


def assert_case(protocol: str, case: Case) -> None:
    script, ends, verdict, fields, evidence = case
    found = session(script, only(protocol), port=PORTS[protocol], **ends)
    assert (found.judgement.verdict, words(found)) == (verdict, evidence)
    assert set(evidence) <= set(WORDS)
    record = session_record(found)
    assert record["event"]["dataset"] == f"{protocol}.session"
    for name, wanted in fields.items():
        value: Any = record.get("tls", {}).get("established") if name == "established" else record["smtp"]
        for key in FIELDS.get(name, ()):
            value = value.get(key) if value is not None else None
        assert value == wanted, name


def assert_upgraded(protocol: str, script: str, version: str, client_captured: bool) -> dict[str, Any]:
    """What follows the script is a handshake, and nothing was taken in clear. The session's ``smtp.starttls``."""
    said: Turns = turns(script) + list(handshake(version))
    record = session_record(session(said, only(protocol), port=PORTS[protocol], client_captured=client_captured))
    assert (record["smtp"]["verdict"], record["tls"]["version"]) == ("tls", version)
    assert record["smtp"]["mail_in_clear"] is False
    found: dict[str, Any] = record["smtp"]["starttls"]
    return found
