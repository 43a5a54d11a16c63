"""Against a real name server on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator

import pytest

from collector.smtp.recipients import Recipients
from ingest.provenance.alignment import aligned
from stripwatch.check import mail_taken
from stripwatch.configuration import load
from stripwatch.demo.nameserver import Nameserver
from stripwatch.published import published

from .cli.conftest import Run, data, run

__all__ = ["data", "run"]
TEXTS = {
    "_smtp._tls.full.example": "v=TLSRPTv1; rua=mailto:tls@full.example",
    "_dmarc.full.example": "v=DMARC1; p=none; rua=mailto:d@collector.test,mailto:own@sub.full.example",
    "full.example._report._dmarc.collector.test": "v=DMARC1",
    "_mta-sts.full.example": "v=STSv1; id=20261124",
    "_dmarc.half.example": "v=DMARC1; p=reject",
    "_smtp._tls.half.example": "something else",
}


def findings(domain: str, texts: dict[str, tuple[str, ...] | None]) -> dict[str, tuple[str, str]]:
    ours = Recipients(("us.example", "tls@full.example", "d@collector.test"))
    found = published(domain, "tls@us.example", "dmarc@us.example", lambda name: texts.get(name, ()), aligned, ours.__contains__)
    return {finding.name: (finding.state, finding.record) for finding in found}


def known() -> dict[str, tuple[str, ...] | None]:
    return {name: (text,) for name, text in TEXTS.items()}


def test_a_domain_that_publishes_everything() -> None:
    assert findings("full.example", known()) == {
        "_smtp._tls.full.example": ("published", ""),
        "_dmarc.full.example": ("published", ""),
        "full.example._report._dmarc.collector.test": ("published", ""),
        "_mta-sts.full.example": ("published", ""),
    }


def test_what_is_missing_is_ready_to_paste() -> None:
    found = findings("half.example", known())
    assert found["_smtp._tls.half.example"] == (
        "missing",
        '_smtp._tls.half.example.  IN TXT  "v=TLSRPTv1; rua=mailto:tls@us.example"',
    )
    assert found["_dmarc.half.example"] == ("incomplete", '_dmarc.half.example.  IN TXT  "v=DMARC1; p=reject; rua=mailto:dmarc@us.example"')
    assert found["_mta-sts.half.example"][0] == "missing"


def test_two_records_and_no_answer_are_told_apart() -> None:
    texts: dict[str, tuple[str, ...] | None] = {"_dmarc.x.example": ("v=DMARC1; rua=mailto:a@x.example",) * 2, "_smtp._tls.x.example": None}
    found = findings("x.example", texts)
    assert found["_dmarc.x.example"][0] == "incomplete"
    assert found["_smtp._tls.x.example"][0] == "unanswered"


@pytest.mark.parametrize(
    ("uris", "added"),
    [
        ("mailto:x@other.example", "mailto:x@other.example,mailto:tls@us.example"),
        (
            "mailto:x@other.example!10m , mailto:tls@full.example.org",
            "mailto:x@other.example!10m , mailto:tls@full.example.org,mailto:tls@us.example",
        ),
        ("", "mailto:tls@us.example"),
        ("mailto:x@other.example,mailto:TLS@full.example!10m", None),
        ("mailto:some%2Bone@us.example?subject=x", None),
        ("https://other.example/v1", None),
    ],
)
def test_reports_that_go_elsewhere(uris: str, added: str | None) -> None:
    texts: dict[str, tuple[str, ...] | None] = {"_smtp._tls.x.example": (f"v=TLSRPTv1; rua={uris};",)}
    state, record = findings("x.example", texts)["_smtp._tls.x.example"]
    assert state == ("published" if added is None else "elsewhere")
    assert record == ("" if added is None else f'_smtp._tls.x.example.  IN TXT  "v=TLSRPTv1; rua={added};"')


def test_consent_is_asked_for_where_reports_go_elsewhere_too() -> None:
    found = findings("x.example", {"_dmarc.x.example": ("v=DMARC1; p=none; rua=mailto:x@other.example",)})
    assert found["_dmarc.x.example"][0] == "elsewhere"
    assert found["x.example._report._dmarc.other.example"][0] == "missing"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ('[smtp]\nrecipients = ["tls@us.example"]', "warning"),
        ('[smtp]\nrecipients = ["tls@us.example", "other.example"]', "ok"),
        ('[smtp]\nrecipients = ["tls@us.example"]\n[lmtp]\nport = 0\nrecipients = ["x@other.example"]', "ok"),
        ('[smtp]\nrecipients = ["tls@us.example"]\n[imap]\nhost = "127.0.0.1"', "ok"),
        ("[smtp]\naccept_any_recipient = true", "ok"),
        ("", "ok"),
    ],
)
def test_whose_mail_we_take(text: str, state: str) -> None:
    configuration = load(text, {})
    found = published("x.example", "a", "b", lambda _: ("v=TLSRPTv1; rua=mailto:x@other.example",), aligned, mail_taken(configuration))
    assert next(found).state == {"warning": "elsewhere", "ok": "published"}[state]


@pytest.fixture
def nameserver() -> Iterator[str]:
    """Its address, while it answers in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(Nameserver.start(TEXTS), loop).result(10)
    yield server.address
    loop.call_soon_threadsafe(server.stop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_check_prints_what_reporters_need(run: Run, nameserver: str) -> None:
    done = run(
        "check",
        "--json",
        STRIPWATCH_REPORTS_DOMAINS="full.example,half.example",
        STRIPWATCH_REPORTS_NAMESERVERS=nameserver,
        STRIPWATCH_SMTP_RECIPIENTS="tls@us.example",
        STRIPWATCH_SMTP_HOST="127.0.0.1",
        STRIPWATCH_HTTPS_HOST="127.0.0.1",
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    dns = {row["part"]: row for row in rows if row["part"].startswith("dns ")}
    elsewhere = dns["dns _smtp._tls.full.example"]
    assert (elsewhere["state"], elsewhere["mend"]) == ("warning", "publish its record, or name that address in [smtp] recipients")
    assert elsewhere["record"].endswith('"v=TLSRPTv1; rua=mailto:tls@full.example,mailto:tls@us.example"')
    assert dns["dns full.example._report._dmarc.collector.test"]["state"] == "ok"
    missing = dns["dns _smtp._tls.half.example"]
    assert missing["state"] == "warning"
    assert missing["record"].endswith('"v=TLSRPTv1; rua=mailto:tls@us.example"')
