"""``check`` on mail boxes: opened as the service would, nothing taken."""

from __future__ import annotations

import mailbox
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.imap.settings import ImapSettings
from collector.maildir_settings import MaildirSettings
from stripwatch.check import Finding, findings
from stripwatch.configuration import Configuration, load
from stripwatch.site import Site
from tests.dovecot import PASSWORD, Account, account_on, running_dovecot


@pytest.fixture
def account() -> Iterator[Account]:
    for server in running_dovecot():
        yield account_on(server)


def look(folder: Path, part: str, **sections: ImapSettings | MaildirSettings) -> Finding:
    base = load(f'[data]\nfolder = "{folder / "data"}"\n[serve]\nsmtp = false\nhttps = false\n[places]\npackaged = false', {})
    configuration: Configuration = replace(base, **sections)  # type: ignore[arg-type]  # sections by name
    (found,) = (each for each in findings(Site(configuration)) if each.part == part)
    return found


def test_an_imap_mailbox(tmp_path: Path, account: Account) -> None:
    account.put(b"Subject: 1\r\n\r\n")
    good = ImapSettings(host="127.0.0.1", port=account.server.port, tls="none", user=account.user, password=PASSWORD)
    found = look(tmp_path, "imap", imap=good)
    assert (found.state, found.mend) == ("ok", "")
    assert len(account.mails()) == 1
    wrong = look(tmp_path, "imap", imap=replace(good, password="wrong"))
    assert (wrong.state, wrong.mend) == ("error", "see user and password_file ([imap])")
    assert "login_failed" in wrong.says
    unsafe = look(tmp_path, "imap", imap=replace(good, host="imap.example.org"))
    assert (unsafe.state, unsafe.mend) == ("error", "see [imap]")


def test_a_maildir(tmp_path: Path) -> None:
    settings = MaildirSettings(folder=tmp_path / "Maildir")
    assert look(tmp_path, "maildir", maildir=settings).says.startswith("not_a_maildir")
    box = mailbox.Maildir(str(tmp_path / "Maildir"))
    box.add(b"Subject: 1\n\n")
    assert look(tmp_path, "maildir", maildir=settings).state == "ok"
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == 1


def test_a_port_that_another_holds_and_an_intake_that_would_not_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        text = f'[data]\nfolder = "{tmp_path / "data"}"\n[serve]\ndashboard_port = {port}\n[smtp]\nrecipients = ["a b"]'
        found = {each.part: each for each in findings(Site(load(text, {})))}
    assert (found["dashboard"].state, found["dashboard"].mend) == (
        "error",
        "free the port, or set [serve] dashboard_host and dashboard_port",
    )
    assert (found["smtp"].state, found["smtp"].mend) == ("error", "see [smtp]")
