"""How the login is protected: TLS first, the certificate checked, no password in clear."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from pathlib import Path

import pytest

from collector.errors import BoxError
from collector.imap.connection import connect
from tests.collector.emptying import await_that
from tests.collector.imap.conftest import StartImap, settings_for
from tests.dovecot import PASSWORD, Dovecot, account_on


def test_implicit_tls_and_starttls(tls_dovecot: Dovecot, start_imap: StartImap) -> None:
    account = account_on(tls_dovecot)
    account.put(b"Subject: 1\r\n\r\n")
    trusted = {"host": "localhost", "ca_file": tls_dovecot.certificate}
    first = start_imap(account, tls="implicit", port=tls_dovecot.tls_port, **trusted)
    await_that(lambda: first.accepted == 1)
    first.stop()
    account.put(b"Subject: 2\r\n\r\n")
    second = start_imap(account, tls="starttls", **trusted)
    await_that(lambda: second.accepted == 1)
    assert [record.tls_version for record in second.records()] == ["TLSv1.3", "TLSv1.3"]
    assert second.intake.snapshot().tls_sessions == 1


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tls_dovecot: Dovecot, tls: str) -> None:
    port = tls_dovecot.tls_port if tls == "implicit" else tls_dovecot.port
    with pytest.raises(BoxError) as caught:
        connect(settings_for(account_on(tls_dovecot), tls=tls, port=port, host="localhost"))
    assert caught.value.reason == "tls_failed"


def test_a_name_that_the_certificate_does_not_bear_is_refused(tls_dovecot: Dovecot) -> None:
    with pytest.raises(BoxError) as caught:
        connect(settings_for(account_on(tls_dovecot), tls="starttls", host="127.0.0.1", ca_file=tls_dovecot.certificate))
    assert caught.value.reason == "tls_failed"


@pytest.mark.parametrize("greeting", [b"* OK ready\r\n", b"* OK [CAPABILITY IMAP4rev1 XXXXXXXX] ready\r\n"])
def test_an_offer_of_starttls_that_is_stripped_ends_it_before_the_password(greeting: bytes) -> None:
    heard = bytearray()

    def stripping_server(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(greeting)
            while more := connection.recv(1000):
                heard.extend(more)
                tag = more.split()[0]
                connection.sendall(b"* CAPABILITY IMAP4rev1 XXXXXXXX\r\n" + tag + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=stripping_server, args=(listener,))
        thread.start()
        server = Dovecot(port=listener.getsockname()[1])  # never started
        try:
            with pytest.raises(BoxError) as caught:
                connect(settings_for(account_on(server), tls="starttls"))
        finally:
            shutil.rmtree(server.folder)
            thread.join(10)
    assert caught.value.reason == "starttls_not_offered"
    assert b"LOGIN" not in heard.upper()
    believed = b"CAPABILITY" in greeting and sys.version_info >= (3, 14)  # imaplib need not ask then
    assert b"CAPABILITY" in heard or believed


def test_the_password_comes_from_a_file_read_at_each_login(dovecot: Dovecot, start_imap: StartImap, tmp_path: Path) -> None:
    account = account_on(dovecot)
    secret = tmp_path / "password"
    running = start_imap(account, password=None, password_file=secret)
    await_that(lambda: running.intake.status().reason == "password_unreadable")
    secret.write_text(f"{PASSWORD}\n")
    await_that(lambda: running.intake.status().state == "watching")


def test_nobody_listens(dovecot: Dovecot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(BoxError) as caught:
        connect(settings_for(account_on(dovecot), port=port))
    assert caught.value.reason == "connection_failed"


def test_a_server_that_says_nothing(dovecot: Dovecot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(BoxError) as caught:
        connect(settings_for(account_on(dovecot), port=silent.getsockname()[1], connect_seconds=0.3))
    assert caught.value.reason == "server_silent"
