"""Debian's Postfix in front of us: by its lmtp client to a unix socket and to TCP, by its smtp client with STARTTLS."""

from __future__ import annotations

import smtplib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.spool.errors import SpoolUnavailable
from tests.collector.emptying import await_that
from tests.postfix import Postfix, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))
HEAD = b"From: noreply@sender.example\r\nSubject: report\r\nDate: Mon, 01 Jan 2024 00:00:00 +0000\r\nMessage-Id: <1@sender.example>\r\n"
MAIL = HEAD + b"\r\n.a dot\r\nbytes \xff\xfe\r\n"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Postfix's delivery process is not root: it cannot enter pytest's own folders."""
    with tempfile.TemporaryDirectory(prefix="sw-lmtp-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def start_postfix() -> Iterator[Callable[..., Postfix]]:
    started: list[Postfix] = []

    def start(lmtp: str = "error:unused", smtp: str = "error:unused") -> Postfix:
        postfix = Postfix(lmtp, smtp)
        started.append(postfix)
        postfix.start()
        return postfix

    yield start
    for each in started:
        each.close()


def mail_to(postfix: Postfix, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
        client.ehlo("reporter.example")
        assert client.sendmail("noreply@sender.example", list(recipients), MAIL, ["BODY=8BITMIME"]) == {}


def await_log(postfix: Postfix, condition: Callable[[], bool]) -> None:
    """Wait long: its queue manager takes its time on a busy machine."""
    try:
        await_that(condition, 60.0)
    except AssertionError:
        pytest.fail(postfix.log())


def test_by_lmtp_to_a_unix_socket_again_after_a_refusal(start_smtp: Any, start_postfix: Any, open_folder: Path) -> None:
    socket_path = open_folder / "lmtp.sock"
    intake = start_smtp(protocol="lmtp", recipients=("example.org",), unix_path=socket_path, unix_group="mail")
    postfix = start_postfix(lmtp=f"lmtp:unix:{socket_path}")
    intake.sink.failure = SpoolUnavailable()
    mail_to(postfix, "a@example.org", "b@example.org")
    await_log(postfix, lambda: "status=deferred" in postfix.log())
    assert intake.records() == []
    intake.sink.failure = None
    await_log(postfix, lambda: postfix.log().count("status=sent") == 2)
    (found,) = intake.records()
    assert (found.record.way, found.record.rcpt_to) == ("lmtp", ("a@example.org", "b@example.org"))
    assert found.record.mail_from == "noreply@sender.example"
    assert found.record.body.endswith(MAIL), "its own Received line before, nothing changed behind"


def test_by_lmtp_over_tcp(start_smtp: Any, start_postfix: Any) -> None:
    intake = start_smtp(protocol="lmtp", recipients=("a@example.org",))
    postfix = start_postfix(lmtp=f"lmtp:[127.0.0.1]:{intake.address[1]}")
    mail_to(postfix, "a@example.org", "stranger@example.org")
    await_log(postfix, lambda: "status=sent" in postfix.log() and "status=bounced" in postfix.log())
    (found,) = intake.records()
    assert (found.record.way, found.record.rcpt_to) == ("lmtp", ("a@example.org",))


def test_by_smtp_with_starttls(start_smtp: Any, start_postfix: Any) -> None:
    intake = start_smtp()
    postfix = start_postfix(smtp=f"smtp:[127.0.0.1]:{intake.address[1]}")
    mail_to(postfix, "dmarc@dmarc.example.net")
    await_log(postfix, lambda: "status=sent" in postfix.log())
    (found,) = intake.records()
    assert (found.record.way, found.record.helo, found.record.tls_version) == ("smtp", "sender.example", "TLSv1.3")
    assert found.record.body.endswith(MAIL)
