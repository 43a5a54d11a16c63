"""``serve`` with every way in that is not SMTP or HTTPS: LMTP on a unix socket, a Maildir, an IMAP folder."""

from __future__ import annotations

import json
import mailbox
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from collector.counters import IntakeCounters
from collector.pickup.intake import BoxStatus
from stripwatch.configuration import ConfigurationError, load
from stripwatch.serve.intakes import box_check
from tests.dovecot import PASSWORD, Account, account_on, running_dovecot
from tests.ingest.drain.conftest import mail, tls_report
from tests.serving import Serving, environ

BOTH = "verified,posted,imported,unsigned"


@pytest.fixture
def account() -> Iterator[Account]:
    for server in running_dovecot():
        yield account_on(server)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[list[Serving]]:
    started: list[Serving] = []
    yield started
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


def await_reports(data: Path, wanted: set[str]) -> dict[str, str]:
    """Report id → way in, once all are there."""
    deadline = time.monotonic() + 40
    while True:
        command = [sys.executable, "-m", "stripwatch", "reports", "--limit", "1000", "--json"]
        done = subprocess.run(command, env=environ(data), capture_output=True, text=True, timeout=60, check=True)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        if sorted(row["report.id"] for row in found) == sorted(wanted):
            return {row["report.id"]: row["provenance"] for row in found}
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_lmtp_maildir_and_imap_side_by_side(tmp_path: Path, account: Account, serving: list[Serving]) -> None:
    data, socket_path = tmp_path / "data", tmp_path / "lmtp.sock"
    box = mailbox.Maildir(str(tmp_path / "Maildir"))
    box.add(mail(tls_report("by-maildir")))
    account.put(mail(tls_report("by-imap")).replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n"))
    service = Serving(
        data,
        REPORTS_COUNTED=BOTH,
        LMTP_UNIX_PATH=str(socket_path),
        MAILDIR_FOLDER=str(tmp_path / "Maildir"),
        IMAP_HOST="127.0.0.1",
        IMAP_PORT=str(account.server.port),
        IMAP_TLS="none",
        IMAP_USER=account.user,
        IMAP_PASSWORD=PASSWORD,
    )
    serving.append(service)
    with smtplib.LMTP(str(socket_path), local_hostname="mx.example.org") as sender:
        assert sender.sendmail("a@sample.example", ["tls@example.org"], mail(tls_report("by-lmtp"))) == {}
    found = await_reports(data, {"by-maildir", "by-imap", "by-lmtp"})
    assert set(found.values()) == {"unsigned"}, "what lies in a mailbox is judged as mail, never trusted as imported"
    assert account.mails() == []
    assert len(account.mails("Stripwatch")) == 1
    assert [message.get_flags() for message in box] == ["S"]  # type: ignore[attr-defined]  # MaildirMessage

    with httpx.Client(base_url=f"http://127.0.0.1:{service.ports['dashboard']}") as web:
        metrics = web.get("/metrics").text
        for name in ("lmtp", "maildir", "imap"):
            assert f'stripwatch_intake_accepted_total{{intake="{name}"}} 1.0' in metrics
        assert 'stripwatch_intake_watching{intake="imap"} 1.0' in metrics
        assert 'stripwatch_intake_left{intake="maildir"} 0.0' in metrics
        page = web.get("/health").text
        assert "told by IDLE" in page
        account.server.stop()
        deadline = time.monotonic() + 15
        while "connection_failed" not in (page := web.get("/health").text):
            assert time.monotonic() < deadline, page
            time.sleep(0.2)
        assert web.get("/readyz").status_code == 200, "a mailbox that fails does not make the service unfit"
    began = time.monotonic()
    assert service.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10.0
    assert not socket_path.exists()
    assert "Traceback" not in "".join(service.lines)


def test_a_kill_amid_a_full_mailbox_loses_and_doubles_nothing(tmp_path: Path, account: Account, serving: list[Serving]) -> None:
    wanted = {f"r{number}" for number in range(60)}
    account.put(*(mail(tls_report(name)).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for name in sorted(wanted)))
    settings = {
        "REPORTS_COUNTED": BOTH,
        "IMAP_HOST": "127.0.0.1",
        "IMAP_PORT": str(account.server.port),
        "IMAP_TLS": "none",
        "IMAP_USER": account.user,
        "IMAP_PASSWORD": PASSWORD,
    }
    first = Serving(tmp_path / "data", **settings)
    serving.append(first)
    deadline = time.monotonic() + 20
    while not account.mails("Stripwatch"):
        assert time.monotonic() < deadline
    first.end(signal.SIGKILL)
    moved = len(account.mails("Stripwatch"))
    assert moved + len(account.mails()) == 60
    serving.append(Serving(tmp_path / "data", **settings))
    await_reports(tmp_path / "data", wanted)
    assert account.mails() == []
    assert len(account.mails("Stripwatch")) == 60
    print(f"killed after {moved} of 60")


def test_settings_that_cannot_work_are_named_with_their_section(tmp_path: Path) -> None:
    loopback = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "0", "SMTP_RECIPIENTS": "example.org", "SERVE_HTTPS": "false"}
    env = environ(tmp_path / "data", IMAP_HOST="imap.example.org", IMAP_USER="u", IMAP_PASSWORD="secret", IMAP_TLS="none", **loopback)
    done = subprocess.run([sys.executable, "-m", "stripwatch", "serve"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "[imap] tls" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_lmtp_takes_the_limits_of_smtp() -> None:
    configuration = load('[smtp]\nrecipients = ["example.org"]\nmessage_limit = 2000000\nproxies = ["10.0.0.0/8"]\n[lmtp]\nport = 24', {})
    lmtp = configuration.lmtp.over(configuration.smtp)
    assert lmtp is not None
    lmtp.check()
    assert (lmtp.protocol, lmtp.host, lmtp.port, lmtp.message_limit, lmtp.recipients) == (
        "lmtp",
        "127.0.0.1",
        24,
        2000000,
        ("example.org",),
    )
    assert load("", {}).lmtp.over(configuration.smtp) is None
    narrower = load('[smtp]\naccept_any_recipient = true\n[lmtp]\nport = 24\nrecipients = ["a@example.org"]', {})
    narrowed = narrower.lmtp.over(narrower.smtp)
    assert narrowed is not None
    assert (narrowed.recipients, narrowed.accept_any_recipient) == (("a@example.org",), False)
    with pytest.raises(ConfigurationError, match="not both"):
        load('[lmtp]\nport = 24\nunix_path = "/run/x"', {})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (BoxStatus("watching", "told by IDLE"), "ok"),
        (BoxStatus("watching", "told by IDLE", left=2), "warning"),
        (BoxStatus("opening", "not tried yet"), "warning"),
        (BoxStatus("failing", "no", "login_failed"), "warning"),
    ],
)
def test_health_line(status: BoxStatus, state: str) -> None:
    line = box_check("imap", status, IntakeCounters().snapshot(0))
    assert (line.name, line.state) == ("imap", state)
    assert bool(line.mend) == (state != "ok")
